// What a GPU faults at, or has no result for, and a processor may pass over, ends the process with the name of the work.
#include <signal.h>

#include "Blocks.h"

namespace {

/// What the signals did before.
struct sigaction before[NSIG];

/// Memory that nobody has, or that was given back, is at no address (Memory.cpp).
void endAtWork(int signal, siginfo_t *, void *) {
  if (emulator::nameOfWork) emulator::failAtWork("memory that the GPU does not have");
  // Not the emulator's: the instruction is tried again.
  sigaction(signal, &before[signal], nullptr);
}

const bool isWatching = [] {
  struct sigaction action {};
  action.sa_sigaction = endAtWork;
  action.sa_flags = SA_SIGINFO;
  for (const int signal : {SIGSEGV, SIGBUS}) sigaction(signal, &action, &before[signal]);
  return true;
}();

}  // namespace

// The minimal runtime of the compiler's sanitizer, whose checks Package.swift asks for.
#define END(what, text) \
  extern "C" __attribute__((visibility("hidden"))) void __ubsan_handle_##what##_minimal_abort() { \
    emulator::failAtWork(text); \
  }
END(type_mismatch, "a pack at an address that is no multiple of its size, a number at such, or a null address")
END(out_of_bounds, "an index beyond an array")
END(divrem_overflow, "a division of integers that has no result")
END(shift_out_of_bounds, "a shift by more bits than there are")
END(float_cast_overflow, "a number that the integer which it becomes cannot be")
END(load_invalid_value, "a bool that is neither 0 nor 1")
END(add_overflow, "a sum beyond its type")
END(sub_overflow, "a difference beyond its type")
END(mul_overflow, "a product beyond its type")
END(negate_overflow, "a negative beyond its type")
