#include "mock/timestamp.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { DAY_S = 86400 };

struct moment {
    int64_t unix_s; /* as if UTC; the zone is kept as text */
    bool date_only;
    char zone[8]; /* "", "Z", "+01:00" */
};

/* Days since 1970-01-01 of a Gregorian date; March is the first month, so that the leap day is the
 * year's last. */
static int64_t days_from_date(int64_t year, int64_t month, int64_t day)
{
    if (month <= 2) year--;
    int64_t era = year / 400;
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
           719468;
}

static void date_from_days(int64_t days, int *year, int *month, int *day)
{
    days += 719468;
    int64_t era = days / 146097;
    int64_t day_of_era = days - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t shifted = (5 * day_of_year + 2) / 153;
    *day = (int)(day_of_year - (153 * shifted + 2) / 5 + 1);
    *month = (int)(shifted < 10 ? shifted + 3 : shifted - 9);
    *year = (int)(year_of_era + era * 400 + (*month <= 2 ? 1 : 0));
}

/* Up to `most` digits, then `behind` unless that is NUL; moves past both. -1: neither was there. */
static int take_digits(const char **at, int most, char behind)
{
    int value = 0;
    int count = 0;
    while (count < most && **at >= '0' && **at <= '9') {
        value = value * 10 + (*(*at)++ - '0');
        count++;
    }
    if (count == 0 || (behind != '\0' && **at != behind)) return -1;
    if (behind != '\0') ++*at;
    return value;
}

static bool moment_parse(const char *text, struct moment *out)
{
    int hour = 0, minute = 0, second = 0;
    const char *at = text;
    if (strlen(text) >= TIMESTAMP_TEXT_MAX) return false;
    int year = take_digits(&at, 4, '-');
    int month = year < 1 ? -1 : take_digits(&at, 2, '-');
    int day = month < 1 ? -1 : take_digits(&at, 2, '\0');
    if (month > 12 || day < 1 || day > 31) return false;
    *out = (struct moment){ .date_only = *at == '\0' };
    if (!out->date_only) {
        if (*at != 'T' && *at != ' ') return false;
        at++;
        hour = take_digits(&at, 2, ':');
        minute = hour < 0 ? -1 : take_digits(&at, 2, ':');
        second = minute < 0 ? -1 : take_digits(&at, 2, '\0');
        if (hour > 23 || minute > 59 || second < 0 || second > 60) return false;
        const char *zone = at;
        if (strlen(zone) >= sizeof(out->zone) || strchr("Z+-", zone[0]) == NULL) return false;
        memcpy(out->zone, zone, strlen(zone) + 1);
    }
    out->unix_s = days_from_date(year, month, day) * DAY_S + hour * 3600 + minute * 60 + second;
    return true;
}

/* 0: none known. */
static int64_t step_seconds(const char *freq)
{
    static const struct {
        const char *unit;
        int64_t seconds;
    } UNITS[] = {
        { "s", 1 },    { "S", 1 },    { "m", 60 },    { "min", 60 },  { "T", 60 },
        { "h", 3600 }, { "H", 3600 }, { "D", DAY_S }, { "d", DAY_S }, { "W", 7 * DAY_S }
    };
    int64_t count = 0;
    const char *unit = freq;
    while (*unit >= '0' && *unit <= '9' && count < 100000)
        count = count * 10 + (*unit++ - '0');
    if (unit == freq) count = 1;
    for (size_t i = 0; i < sizeof(UNITS) / sizeof(UNITS[0]); i++) {
        if (strcmp(unit, UNITS[i].unit) == 0) return count * UNITS[i].seconds;
    }
    return 0;
}

/* `count` digits, then `behind`; returns what comes after. */
static char *put_digits(char *at, int value, int count, char behind)
{
    for (int i = count; i-- > 0; value /= 10) at[i] = (char)('0' + value % 10);
    at[count] = behind;
    return at + count + 1;
}

static const char *moment_format(const struct moment *moment, char out[TIMESTAMP_TEXT_MAX])
{
    int year = 0, month = 0, day = 0;
    date_from_days(moment->unix_s / DAY_S, &year, &month, &day);
    char *at = put_digits(put_digits(out, year % 10000, 4, '-'), month, 2, '-');
    int64_t rest = moment->unix_s % DAY_S;
    if (moment->date_only && rest == 0) {
        put_digits(at, day, 2, '\0');
        return out;
    }
    at = put_digits(at, day, 2, 'T');
    at = put_digits(at, (int)(rest / 3600), 2, ':');
    at = put_digits(at, (int)(rest / 60 % 60), 2, ':');
    at = put_digits(at, (int)(rest % 60), 2, '\0');
    memcpy(at - 1, moment->zone, strlen(moment->zone) + 1);
    return out;
}

const char *timestamp_next(const char *before, const char *last, const char *freq,
                           char out[TIMESTAMP_TEXT_MAX])
{
    struct moment from = { 0 }, at = { 0 };
    int64_t step = step_seconds(freq);
    bool readable = moment_parse(last, &at) && at.unix_s >= 0;
    if (readable && step == 0 && before != NULL && moment_parse(before, &from)) {
        step = at.unix_s - from.unix_s;
    }
    if (!readable || step <= 0) {
        snprintf(out, TIMESTAMP_TEXT_MAX, "%.*s", TIMESTAMP_TEXT_MAX - 1, last);
        return out;
    }
    at.unix_s += step;
    return moment_format(&at, out);
}

const char *timestamp_utc(uint64_t unix_ms, char out[TIMESTAMP_TEXT_MAX])
{
    const struct moment moment = { .unix_s = (int64_t)(unix_ms / 1000), .zone = "Z" };
    return moment_format(&moment, out);
}
