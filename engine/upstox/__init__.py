"""The broker's REST line: transport, endpoints, outcomes, rate budget and the day's token."""
