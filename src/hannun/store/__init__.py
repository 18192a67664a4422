"""Where signals become durable: engine, schema, group commit, one module per table family, retention, meta."""
