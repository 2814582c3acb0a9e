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

static bool moment_parse(const char *text, struct moment *out)
{
    int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, used = 0;
    if (strlen(text) >= TIMESTAMP_TEXT_MAX) return false;
    if (sscanf(text, "%4d-%2d-%2d%n", &year, &month, &day, &used) != 3) return false;
    if (year < 1 || month < 1 || month > 12 || day < 1 || day > 31) return false;
    *out = (struct moment){ .date_only = text[used] == '\0' };
    if (!out->date_only) {
        int more = 0;
        if (text[used] != 'T' && text[used] != ' ') return false;
        if (sscanf(text + used + 1, "%2d:%2d:%2d%n", &hour, &minute, &second, &more) != 3) {
            return false;
        }
        if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60) {
            return false;
        }
        const char *zone = text + used + 1 + more;
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

static const char *moment_format(const struct moment *moment, char out[TIMESTAMP_TEXT_MAX])
{
    int year = 0, month = 0, day = 0;
    date_from_days(moment->unix_s / DAY_S, &year, &month, &day);
    int64_t rest = moment->unix_s % DAY_S;
    if (moment->date_only && rest == 0) {
        snprintf(out, TIMESTAMP_TEXT_MAX, "%04d-%02d-%02d", year, month, day);
    } else {
        snprintf(out, TIMESTAMP_TEXT_MAX, "%04d-%02d-%02dT%02d:%02d:%02d%s", year, month, day,
                 (int)(rest / 3600), (int)(rest / 60 % 60), (int)(rest % 60), moment->zone);
    }
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
