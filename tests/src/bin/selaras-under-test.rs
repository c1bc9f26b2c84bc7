//! The school's application, built for the tests: cargo does not build another package's binaries for a test.

fn main() -> std::process::ExitCode {
    selaras::main()
}
