"""The async face: `AsyncApp` and what it gives, each awaiting what its sync twin does."""
