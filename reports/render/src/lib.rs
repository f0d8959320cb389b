//! Terminal, HTML and JUnit views of results.json.
