"""Sources of market updates.

- All give the same update, in order of arrival; what is odd about a source is counted.
"""
