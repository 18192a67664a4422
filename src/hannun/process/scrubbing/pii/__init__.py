"""Advanced scrubbing rules: Sentry's `relayPiiConfig`, read, compiled and applied."""
