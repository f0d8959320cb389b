//! results.json: the one file that every report reads.
