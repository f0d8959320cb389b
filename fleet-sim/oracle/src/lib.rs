//! Judges that see what devices saw and what the wire carried, never the broker's state.
