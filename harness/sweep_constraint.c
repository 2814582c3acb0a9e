#include "harness/sweep_constraint.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"

enum { WORD_MAX = 64, NUMBER_DIGITS = 9 };

enum dimension { DIMENSION_ANY, DIMENSION_TIME, DIMENSION_NUMBER };

struct expression {
    const struct value_reader *reader;
    const struct yaml_node *node;
    const char *at;
    struct sweep_constraint *out;
    enum dimension dimension;
};

static enum err refuse(const struct expression *expression, const char *at, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* A note at the character `at` of the expression. */
static enum err refuse(const struct expression *expression, const char *at, const char *format, ...)
{
    char sentence[ERR_SENTENCE_MAX];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    const struct yaml_node *node = expression->node;
    int column = node->column + (node->quoted ? 1 : 0) + (int)(at - node->text);
    return err_note_set(expression->reader->note, ERR_INVALID, expression->reader->file->path,
                        node->line, column, "constraint: %s", sentence);
}

static void skip_blanks(struct expression *expression)
{
    expression->at += strspn(expression->at, " ");
}

static enum err take_dimension(struct expression *expression, const char *at,
                               enum dimension dimension)
{
    if (expression->dimension == DIMENSION_ANY) expression->dimension = dimension;
    if (expression->dimension == dimension || dimension == DIMENSION_ANY) return ERR_OK;
    return refuse(expression, at,
                  "a time and a plain number cannot be compared; write the number with its unit, "
                  "for example 800ms or 1.8s");
}

static enum dimension row_dimension(const struct option *row)
{
    switch (row->kind) {
    case OPTION_SECONDS:
    case OPTION_MILLIS: return DIMENSION_TIME;
    case OPTION_U32:
    case OPTION_U64:
    case OPTION_PERMILLE: return DIMENSION_NUMBER;
    case OPTION_BOOL:
    case OPTION_TEXT:
    case OPTION_CHOICE: break;
    }
    return DIMENSION_ANY;
}

/* The letters, digits and points at `at`, which is moved behind them. */
static enum err take_word(struct expression *expression, char word[WORD_MAX])
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789_.";
    skip_blanks(expression);
    size_t length = strspn(expression->at, letters);
    if (length == 0) {
        return refuse(expression, expression->at,
                      "an option or a number is missing here; write for example "
                      "connect_timeout_s + read_timeout_s <= request_deadline_s");
    }
    if (length >= WORD_MAX) return refuse(expression, expression->at, "this word is too long");
    memcpy(word, expression->at, length);
    word[length] = '\0';
    expression->at += length;
    return ERR_OK;
}

static enum err add_option(struct expression *expression, const char *at, const char *word,
                           double factor)
{
    const char *near = NULL;
    const struct option *row = sweep_row(word, &near);
    if (row == NULL && near != NULL) {
        return refuse(expression, at, "unknown option \"%s\"; did you mean \"%s\"?", word, near);
    }
    if (row == NULL) {
        return refuse(expression, at, "unknown option \"%s\"; see: tollgate options", word);
    }
    enum dimension dimension = row_dimension(row);
    if (dimension == DIMENSION_ANY) {
        return refuse(expression, at, "%s has no number to compare", word);
    }
    enum err rc = take_dimension(expression, at, dimension);
    if (rc != ERR_OK) return rc;
    struct sweep_constraint *out = expression->out;
    out->terms[out->term_count++] = (struct sweep_term){ .row = row, .factor = factor };
    return ERR_OK;
}

static enum err add_number(struct expression *expression, const char *at, double number,
                           enum dimension dimension)
{
    enum err rc = take_dimension(expression, at, number == 0 ? DIMENSION_ANY : dimension);
    if (rc != ERR_OK) return rc;
    struct sweep_constraint *out = expression->out;
    out->terms[out->term_count++] = (struct sweep_term){ .row = NULL, .factor = number };
    return ERR_OK;
}

/* `4 * key`, `key`, `800ms` or `20`, times `sign`. */
static enum err take_term(struct expression *expression, double sign)
{
    char word[WORD_MAX];
    skip_blanks(expression);
    const char *at = expression->at;
    if (expression->out->term_count == SWEEP_TERMS_MAX) {
        return refuse(expression, at, "more than %d summands", SWEEP_TERMS_MAX);
    }
    enum err rc = take_word(expression, word);
    if (rc != ERR_OK) return rc;
    bool number = word[0] >= '0' && word[0] <= '9';
    if (!number) return add_option(expression, at, word, sign);
    uint64_t value;
    if (units_parse_decimal(word, NUMBER_DIGITS, &value)) {
        double plain = (double)value / 1e9;
        skip_blanks(expression);
        if (*expression->at != '*') {
            return add_number(expression, at, sign * plain, DIMENSION_NUMBER);
        }
        expression->at++;
        skip_blanks(expression);
        at = expression->at;
        rc = take_word(expression, word);
        return rc != ERR_OK ? rc : add_option(expression, at, word, sign * plain);
    }
    if (units_parse_duration(word, &value)) {
        return add_number(expression, at, sign * (double)value, DIMENSION_TIME);
    }
    return refuse(expression, at, "\"%s\" is neither a number nor a length of time", word);
}

static enum err take_side(struct expression *expression, double sign)
{
    double next = sign;
    for (;;) {
        enum err rc = take_term(expression, next);
        if (rc != ERR_OK) return rc;
        skip_blanks(expression);
        if (*expression->at == '+') next = sign;
        else if (*expression->at == '-') next = -sign;
        else return ERR_OK;
        expression->at++;
    }
}

/* `sign` makes every relation one of "at most" and "under". */
static enum err take_relation(struct expression *expression, double *sign)
{
    static const struct {
        const char *text;
        double sign;
        enum sweep_relation relation;
    } relations[] = {
        { "<=", 1, SWEEP_AT_MOST },
        { ">=", -1, SWEEP_AT_MOST },
        { "<", 1, SWEEP_UNDER },
        { ">", -1, SWEEP_UNDER },
    };
    for (size_t i = 0; i < sizeof relations / sizeof relations[0]; i++) {
        size_t length = strlen(relations[i].text);
        if (strncmp(expression->at, relations[i].text, length) != 0) continue;
        *sign = relations[i].sign;
        expression->out->relation = relations[i].relation;
        expression->at += length;
        return ERR_OK;
    }
    return refuse(expression, expression->at, "a comparison is missing here: <=, >=, < or >");
}

enum err sweep_constraint_parse(const struct value_reader *reader, const struct yaml_node *node,
                                struct sweep_constraint *out)
{
    const char *text;
    enum err rc = value_scalar(reader, node, "a constraint", &text);
    if (rc != ERR_OK) return rc;
    *out = (struct sweep_constraint){ .text = text, .line = node->line, .column = node->column };
    struct expression expression = { .reader = reader, .node = node, .at = text, .out = out };
    rc = take_side(&expression, 1);
    if (rc != ERR_OK) return rc;
    double sign = 1;
    rc = take_relation(&expression, &sign);
    if (rc != ERR_OK) return rc;
    size_t left = out->term_count;
    rc = take_side(&expression, -1);
    if (rc != ERR_OK) return rc;
    if (*expression.at != '\0') {
        return refuse(&expression, expression.at, "\"%.20s\" is too much here", expression.at);
    }
    assert(left < out->term_count);
    for (size_t i = 0; i < out->term_count; i++) out->terms[i].factor *= sign;
    return ERR_OK;
}
