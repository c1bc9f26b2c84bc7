//! The central server, built for the tests: cargo does not build another package's binaries for a test.

fn main() -> std::process::ExitCode {
    selaras_center::run(std::env::args_os())
}
