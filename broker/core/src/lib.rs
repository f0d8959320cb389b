//! The sans-IO broker: bytes and time in, bytes and deadlines out.
