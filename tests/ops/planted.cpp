// Beside the ops under a sanitizer: threads that it understands in place of OpenMP's, and faults that it must find.
#include <cstdint>
#include <cstdlib>
#include <thread>
#include <vector>

#define SEAMSEG_VISIBLE extern "C" __attribute__((visibility("default")))

namespace {

constexpr int64_t NUM_THREADS = 4;
int shared_by_all = 0;

}  // namespace

// Takes the place of LibTorch's: work is split as far as it can be, however small it is, and every thread is a new one.
SEAMSEG_VISIBLE int32_t torch_parallel_for(
    int64_t begin, int64_t end, int64_t, void (*call)(int64_t begin, int64_t end, void* context), void* context) {
  const int64_t num = end - begin, parts = num < NUM_THREADS ? num : NUM_THREADS;
  std::vector<std::thread> threads;
  for (int64_t part = 0; part < parts; ++part)
    threads.emplace_back(call, begin + num * part / parts, begin + num * (part + 1) / parts, context);
  for (auto& thread : threads) thread.join();
  return 0;
}

// A data race.
SEAMSEG_VISIBLE void planted_thread() {
  const auto add = [] {
    for (int i = 0; i < 1000; ++i) ++shared_by_all;
  };
  std::thread other(add);
  add();
  other.join();
}

// A read past the end of memory.
SEAMSEG_VISIBLE int planted_address(int place) {
  volatile int* memory = static_cast<int*>(std::malloc(4 * sizeof(int)));
  const int found = memory[4 + place];
  std::free(const_cast<int*>(memory));
  return found;
}

// A sum that does not fit.
SEAMSEG_VISIBLE int planted_undefined(int less) {
  volatile int largest = 2147483647;
  return largest + 1 - less;
}
