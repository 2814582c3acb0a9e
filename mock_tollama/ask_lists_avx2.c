#include "mock/ask_lists_avx2.h"

#ifdef ASK_LISTS_HAS_AVX2

#include <immintrin.h>
#include <stdint.h>

#include "mock/ask_lists_bits.h"

#define FOR_PROCESSOR __attribute__((target("avx2,bmi,popcnt")))

enum { LANES = ASK_LISTS_AVX2_LANES };

bool ask_lists_avx2_runs(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
           __builtin_cpu_supports("popcnt");
}

FOR_PROCESSOR static inline __m256i lanes_at(const char *at)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)at);
}

FOR_PROCESSOR static inline uint32_t bits_of(__m256i marks)
{
    return (uint32_t)_mm256_movemask_epi8(marks);
}

/* Lanes that are at most `most`, without a sign. */
FOR_PROCESSOR static inline __m256i at_most(__m256i bytes, __m256i most)
{
    return _mm256_cmpeq_epi8(_mm256_min_epu8(bytes, most), bytes);
}

FOR_PROCESSOR static inline __m256i digits_of(__m256i bytes)
{
    return at_most(_mm256_sub_epi8(bytes, _mm256_set1_epi8('0')), _mm256_set1_epi8(9));
}

struct bytes {
    __m256i first, second;
};

FOR_PROCESSOR static inline struct bytes bytes_at(const char *at)
{
    return (struct bytes){ lanes_at(at), lanes_at(at + LANES) };
}

FOR_PROCESSOR static inline uint64_t join(__m256i first, __m256i second)
{
    return bits_of(first) | (uint64_t)bits_of(second) << LANES;
}

FOR_PROCESSOR static inline uint64_t where(const struct bytes *bytes, char c)
{
    const __m256i same = _mm256_set1_epi8(c);
    return join(_mm256_cmpeq_epi8(bytes->first, same), _mm256_cmpeq_epi8(bytes->second, same));
}

FOR_PROCESSOR static inline uint64_t where_digits(const struct bytes *bytes)
{
    return join(digits_of(bytes->first), digits_of(bytes->second));
}

FOR_PROCESSOR static inline size_t count_bits(uint64_t bits)
{
    return (size_t)__builtin_popcountll(bits);
}

#include "mock/ask_lists_numbers.inc"

FOR_PROCESSOR const char *ask_lists_avx2_numbers(const char *at, const char *end, size_t *count)
{
    return pass_numbers(at, end, count);
}

FOR_PROCESSOR const char *ask_lists_avx2_texts(const char *at, const char *end, size_t period)
{
    if (end - at < LANES) return at;
    /* Of a digit, at most nine more than '0'; of another byte, nothing more than itself. Behind the
     * period anything goes. */
    const uint32_t unseen = period < LANES ? UINT32_MAX << period : 0;
    const __m256i like = lanes_at(at - period);
    const __m256i digits = digits_of(like);
    const __m256i base = _mm256_blendv_epi8(like, _mm256_set1_epi8('0'), digits);
    const __m256i most = _mm256_and_si256(digits, _mm256_set1_epi8(9));
    for (; end - at >= LANES; at += period) {
        const __m256i more = _mm256_sub_epi8(lanes_at(at), base);
        if ((bits_of(at_most(more, most)) | unseen) != UINT32_MAX) break;
    }
    return at;
}

#endif
