"""How the day's token is had: a browser, a pasted code, or an approval on the phone."""
