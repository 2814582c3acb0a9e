#ifndef MOCK_SHAPE_H
#define MOCK_SHAPE_H
/* The shape of a JSON value, written as a JSON value: what tests/mock/data/shapes.json holds.
 *
 *     "text"     a string of at least one character   "string"  any string
 *     "number"   a finite number                      "whole"   a whole one, not negative
 *     "bool", "any"; "text|null" and so on: or null
 *     [ shape ]             each item has it
 *     { "a": shape, "b?": shape }   "a" must be there, "b" may, and nothing else;
 *                                   "*": any other member must have that shape */

#include <cjson/cJSON.h>

/* Fails the test unless `value` has the shape; `where` says what it belongs to. */
void shape_check(const cJSON *shape, const cJSON *value, const char *where);

#endif
