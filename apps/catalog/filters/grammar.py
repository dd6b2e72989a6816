"""The grammar of filters. Words of the language may be written in capitals; names and texts are as they are."""

import lark

GRAMMAR = r"""
?start: [either]
?either: both (_OR both)*
?both: negation (_AND negation)*
?negation: NOT negation -> negated
    | test

?test: "(" either ")"
    | NAME -> flag
    | NAME "(" TEXT ")" -> call
    | NAME COMPARE value -> compare
    | NAME [NOT] _IN "(" value ("," value)* ")" -> one_of
    | NAME [NOT] _BETWEEN value _AND value -> between
    | NAME _HAS (value | "(" value ("," value)* ")") -> has
    | NAME [NOT] _EXISTS -> exists

?value: TEXT -> text
    | NUMBER -> number
    | DATE -> date
    | (TRUE | FALSE) -> truth
    | (NOW | TODAY) [SIGN SPAN] -> relative

_AND.3: /and\b/i
_OR.3: /or\b/i
NOT.3: /not\b/i
_IN.3: /in\b/i
_BETWEEN.3: /between\b/i
_HAS.3: /has\b/i
_EXISTS.3: /exists\b/i
TRUE.3: /true\b/i
FALSE.3: /false\b/i
NOW.3: /now\b/i
TODAY.3: /today\b/i
NAME.2: _NOT_A_WORD (_ATTRIBUTE | _BARE)
_NOT_A_WORD: /(?!(and|or|not|in|between|has|exists|true|false|now|today)\b)/i
_ATTRIBUTE: /attr\.("[^"\\\n]+"|[a-z_][a-z0-9_-]*)/i
_BARE: /[a-z_][a-z0-9_]*/i
DATE.3: /\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2})?(Z|[+-]\d{2}:\d{2}))?/
SPAN.2: /\d{1,6}[hdw]\b/
NUMBER: /-?\d+(\.\d+)?/
TEXT: /"([^"\\\n]|\\.)*"|'([^'\\\n]|\\.)*'/
COMPARE: /!=|<=|>=|=|<|>/
SIGN: /[+-]/

%ignore /\s+/
"""


def make_parser() -> lark.Lark:
    """Return a parser that gives trees of tokens; each token knows where it stood."""
    return lark.Lark(GRAMMAR, parser="lalr", lexer="contextual", maybe_placeholders=True)
