#include "forecast/iso_time.h"

#include <string.h>

enum { DAY_S = 86400, FRACTION_DIGITS = 9 };

static const int64_t year_0_s = INT64_C(-62167219200);     /* 0000-01-01T00:00:00Z */
static const int64_t year_10000_s = INT64_C(253402300800); /* 10000-01-01T00:00:00Z */

/* Days since 1970-01-01 in the proleptic Gregorian calendar (Hinnant, "chrono-Compatible Low-Level
 * Date Algorithms"): eras of 400 years, years that begin in March. */
static int64_t days_from_civil(int64_t year, unsigned month, unsigned day)
{
    if (month <= 2) year--;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * ((int64_t)month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

struct civil {
    int year;
    int month;
    int day;
};

static struct civil civil_from_days(int64_t days)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t day_of_era = days - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t march_month = (5 * day_of_year + 2) / 153;
    int64_t month = march_month < 10 ? march_month + 3 : march_month - 9;
    return (struct civil){
        .year = (int)(year_of_era + era * 400 + (month <= 2 ? 1 : 0)),
        .month = (int)month,
        .day = (int)(day_of_year - (153 * march_month + 2) / 5 + 1),
    };
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Exactly `count` digits at *at, which moves on. */
static bool take_digits(const char **at, int count, unsigned *out)
{
    *out = 0;
    for (int i = 0; i < count; i++) {
        if (!is_digit(**at)) return false;
        *out = *out * 10 + (unsigned)(*(*at)++ - '0');
    }
    return true;
}

static bool take_char(const char **at, char wanted)
{
    if (**at != wanted) return false;
    (*at)++;
    return true;
}

static unsigned days_in_month(unsigned year, unsigned month)
{
    static const unsigned char days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap ? 1u : 0u);
}

static bool take_date(const char **at, int64_t *days)
{
    unsigned year;
    unsigned month;
    unsigned day;
    if (!take_digits(at, 4, &year) || !take_char(at, '-')) return false;
    if (!take_digits(at, 2, &month) || !take_char(at, '-')) return false;
    if (!take_digits(at, 2, &day)) return false;
    if (year < 1 || month < 1 || month > 12) return false;
    if (day < 1 || day > days_in_month(year, month)) return false;
    *days = days_from_civil(year, month, day);
    return true;
}

static bool take_fraction(const char **at, uint32_t *ns)
{
    if (!is_digit(**at)) return false;
    int digits = 0;
    for (; is_digit(**at); (*at)++) {
        if (digits++ < FRACTION_DIGITS) *ns = *ns * 10 + (uint32_t)(**at - '0');
    }
    for (; digits < FRACTION_DIGITS; digits++) *ns *= 10;
    return true;
}

static bool take_clock(const char **at, struct iso_time *out)
{
    unsigned hour;
    unsigned minute;
    unsigned second = 0;
    if (!take_digits(at, 2, &hour) || !take_char(at, ':')) return false;
    if (!take_digits(at, 2, &minute)) return false;
    if (take_char(at, ':')) {
        if (!take_digits(at, 2, &second)) return false;
        if (take_char(at, '.') && !take_fraction(at, &out->ns)) return false;
    }
    if (hour > 23 || minute > 59 || second > 59) return false;
    out->unix_s += (int64_t)hour * 3600 + (int64_t)minute * 60 + second;
    return true;
}

static bool take_zone(const char **at, struct iso_time *out)
{
    if (**at == '\0' || take_char(at, 'Z') || take_char(at, 'z')) return true;
    int64_t sign = **at == '-' ? -1 : 1;
    if (!take_char(at, '+') && !take_char(at, '-')) return false;
    unsigned hours;
    unsigned minutes = 0;
    if (!take_digits(at, 2, &hours)) return false;
    bool colon = take_char(at, ':');
    if ((colon || **at != '\0') && !take_digits(at, 2, &minutes)) return false;
    if (hours > 23 || minutes > 59) return false;
    out->unix_s -= sign * ((int64_t)hours * 3600 + (int64_t)minutes * 60);
    return true;
}

bool iso_time_parse(const char *text, struct iso_time *out)
{
    const char *at = text;
    int64_t days;
    *out = (struct iso_time){ 0 };
    if (!take_date(&at, &days)) return false;
    out->unix_s = days * DAY_S;
    if (*at == '\0') return true;
    if (!take_char(&at, 'T') && !take_char(&at, 't') && !take_char(&at, ' ')) return false;
    return take_clock(&at, out) && take_zone(&at, out) && *at == '\0';
}

/* Of 0 to 99. */
static void put_two_digits(char *out, unsigned value)
{
    static const char pairs[] = "00010203040506070809101112131415161718192021222324"
                                "25262728293031323334353637383940414243444546474849"
                                "50515253545556575859606162636465666768697071727374"
                                "75767778798081828384858687888990919293949596979899";
    memcpy(out, pairs + 2 * value, 2);
}

static void put_clock(char *text, unsigned second_of_day)
{
    put_two_digits(text + 11, second_of_day / 3600);
    put_two_digits(text + 14, second_of_day / 60 % 60);
    put_two_digits(text + 17, second_of_day % 60);
}

const char *iso_time_format(int64_t unix_s, char out[ISO_TIME_TEXT_MAX])
{
    if (unix_s < year_0_s) unix_s = year_0_s;
    if (unix_s >= year_10000_s) unix_s = year_10000_s - 1;
    int64_t days = unix_s / DAY_S;
    int64_t rest = unix_s % DAY_S;
    if (rest < 0) {
        rest += DAY_S;
        days--;
    }
    struct civil civil = civil_from_days(days);
    memcpy(out, "0000-00-00T00:00:00Z", ISO_TIME_TEXT_LENGTH + 1);
    put_two_digits(out, (unsigned)civil.year / 100);
    put_two_digits(out + 2, (unsigned)civil.year % 100);
    put_two_digits(out + 5, (unsigned)civil.month);
    put_two_digits(out + 8, (unsigned)civil.day);
    put_clock(out, (unsigned)rest);
    return out;
}

const char *iso_series_format(struct iso_series *series, int64_t unix_s)
{
    uint64_t second_of_day = (uint64_t)unix_s - series->day_s;
    if (second_of_day < series->day_length_s) {
        put_clock(series->text, (unsigned)second_of_day);
        return series->text;
    }
    bool held = unix_s < year_0_s || unix_s >= year_10000_s;
    int64_t rest = unix_s % DAY_S;
    series->day_s = (uint64_t)unix_s - (uint64_t)(rest < 0 ? rest + DAY_S : rest);
    series->day_length_s = held ? 0 : DAY_S;
    return iso_time_format(unix_s, series->text);
}
