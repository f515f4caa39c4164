//! Arguments, then a command.

use std::process::ExitCode;

fn main() -> ExitCode {
    fasti::cli::main()
}
