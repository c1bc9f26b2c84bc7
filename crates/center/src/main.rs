//! The central server's binary; everything is in the library.

fn main() -> std::process::ExitCode {
    selaras_storage::silence_engines();
    selaras_center::run(std::env::args_os())
}
