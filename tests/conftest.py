"""One hypothesis profile for the whole house."""

from hypothesis import settings

# A busy machine makes an example slow, never wrong: deadlines would fail good code.
settings.register_profile("house", deadline=None)
settings.load_profile("house")
