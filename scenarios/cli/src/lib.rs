//! The squall command: composition root of the workspace.
