"""English contractions, expanded and made."""

import re

# What ends in n't, but does not begin with the verb.
IRREGULAR = {"can": "can", "won": "will", "shan": "shall", "ain": None}

ENDINGS = {"'m": "am", "'re": "are", "'ve": "have", "'ll": "will"}

# Before 's, which may also be a genitive.
WITH_IS = "it|that|there|here|what|where|who|how|he|she"

NOT = re.compile(r"\b(\w+)n['’]t\b", re.IGNORECASE)
ENDING = re.compile(r"\b(i|you|we|they|it|he|she|that|there|who)(['’](?:m|re|ve|ll))\b", re.IGNORECASE)
IS = re.compile(rf"\b({WITH_IS})['’]s\b", re.IGNORECASE)
LET_US = re.compile(r"\b(let)['’]s\b", re.IGNORECASE)

VERBS_BEFORE_NOT = "do|does|did|is|are|was|were|has|have|had|would|could|should|must|need"
VERB_NOT = re.compile(rf"\b({VERBS_BEFORE_NOT}) not\b", re.IGNORECASE)
CAN_NOT = re.compile(r"\b(can) ?not\b", re.IGNORECASE)
WILL_NOT = re.compile(r"\b(w)ill not\b", re.IGNORECASE)
# A sentence may end in "I am" or "that is", but not in a contraction.
SUBJECTS = [
    (re.compile(r"\b(i) (a)m(?= \w)", re.IGNORECASE), r"\1'm"),
    (re.compile(r"\b(you|we|they) are(?= \w)", re.IGNORECASE), r"\1're"),
    (re.compile(rf"\b({WITH_IS}) is(?= \w)", re.IGNORECASE), r"\1's"),
    (re.compile(r"\b(i|you|we|they|it|he|she) will(?= \w)", re.IGNORECASE), r"\1'll"),
]


def expanded(text: str) -> str:
    """Return "I do not think it is" for "I don't think it's"."""
    text = NOT.sub(_without_not, text)
    text = ENDING.sub(lambda found: f"{found[1]} {ENDINGS[found[2].lower().replace('’', chr(39))]}", text)
    return LET_US.sub(r"\1 us", IS.sub(r"\1 is", text))


def contracted(text: str) -> str:
    """Return "I don't think it's so" for "I do not think it is so"."""
    text = WILL_NOT.sub(r"\1on't", CAN_NOT.sub(r"\1't", VERB_NOT.sub(r"\1n't", text)))
    for pattern, replacement in SUBJECTS:
        text = pattern.sub(replacement, text)
    return text


def _without_not(found: re.Match[str]) -> str:
    verb = found[1]
    # "can't" has the n of the verb: NOT sees "ca".
    if verb.lower() == "ca":
        return f"{verb}{'N' if verb.isupper() else 'n'} not"
    full = IRREGULAR.get(f"{verb.lower()}n", verb)
    if full is None:
        return found[0]
    return f"{verb[0]}{full[1:]} not"
