//! The bad line and the mock centre as a program; everything is in the library.

fn main() -> std::process::ExitCode {
    selaras_lab::program::run(std::env::args_os())
}
