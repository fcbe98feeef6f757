"""The hotline itself: words and rules (domain), conversation (dialogue), use cases (service), store."""
