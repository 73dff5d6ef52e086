"""One file per setup: context in, signal or refusal out.

- A setup is a pure function of contexts: the same contexts give the same decisions.
- One occasion gives one decision, and every refusal has its reason.
"""
