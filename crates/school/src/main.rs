//! The school's binary; everything is in the library.

fn main() -> std::process::ExitCode {
    selaras::main()
}
