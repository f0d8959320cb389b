# Every command a person runs, one line each. Nothing needs `just`: each recipe is a plain cargo command.

# List the recipes
default:
    @just --list --unsorted

# Run a scenario: `just run storm/reconnect --seed 9`
run *args:
    cargo run --release --quiet -- run {{args}}

# The broker on a real socket: `just serve --insecure-mqtt 127.0.0.1:1883`
serve *args:
    cargo run --release --quiet -- serve {{args}}

# Conformance suites against the simulated service: `just conform --suite mqtt5`
conform *args:
    cargo run --release --quiet -- conform {{args}}

# Conformance suites against the broker on a real socket; ten seconds
conform-serve *args:
    bash conformance/scripts/serve {{args}}

# Conformance suites against the mosquitto that is installed; about four minutes, most of it waiting in vain
conform-mosquitto *args:
    bash conformance/scripts/mosquitto {{args}}

# All tests, as the README says
test *args:
    cargo test --workspace {{args}}

# The determinism test alone: every scenario twice, in two processes
twice:
    cargo test --package squall --test a_run_twice

# What decides whether a change lands: fmt, clippy, docs, tests
check:
    bash .ci/run

# Write docs/scenario.md and other generated files anew
docs:
    UPDATE_DOCS=1 cargo test --package squall-scenario --quiet

# Show what a report looks like: runs the smoke scenario and says where the page is
report:
    cargo run --release --quiet -- run smoke/hello

# Criterion for parts, then whole runs: packets a CPU second, memory, growth, cost of the judges
bench: bench-parts bench-runs

# Criterion benches of codec, policies and broker, and what must not grow with the fleet
bench-parts *args:
    cargo bench --package squall-codec --package squall-services --package squall-core {{args}}

# Whole runs against the figures that the project promises; about six minutes
bench-runs *args:
    cargo bench --package squall --bench runs {{args}}

# Fuzz `decode` or `core_input`: `just fuzz decode -max_total_time=60`; needs cargo-fuzz and a nightly toolchain
fuzz target *args:
    cargo +nightly fuzz run {{target}} -- {{args}}

# Accept changed snapshots of what people read
snapshots:
    INSTA_UPDATE=always cargo test --workspace
