"""The trader's screen and command line; reaches the engine only through link, commands, views and desk."""
