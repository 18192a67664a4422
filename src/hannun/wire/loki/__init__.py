"""Loki's push format, protobuf and JSON, straight into columns."""
