//! Arguments, then a command.

use std::process::ExitCode;

/// The system's allocator took a sixth of the processor time of a small answer, and its arenas held on to memory.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    fasti::cli::main()
}
