// Compiles a hot loop for several x86 instruction sets and picks one at run time, so that one build serves all machines.
#pragma once

#if defined(__x86_64__) && defined(__linux__) && defined(__GNUC__) && !defined(__clang__)
#define SEAMSEG_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define SEAMSEG_CLONES
#endif
