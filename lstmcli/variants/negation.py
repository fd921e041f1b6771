"""An English sentence with one negation more."""

import re

# In "why is it late?", "not" would come later.
AUXILIARY = re.compile(
    r"(?<!why )(?<!how )(?<!what )(?<!when )(?<!where )\b"
    r"(am|is|are|was|were|can|could|will|would|should|must"
    r"|i['’]m|(?:you|we|they)['’]re|(?:it|he|she|that)['’]s)(?= \w)",
    re.IGNORECASE,
)
# Of a verb in the present, "do not" comes before it.
VERB = re.compile(
    r"\b(i|you|we|they) (?=(?:feel|love|like|think|want|need|know|believe|hope|enjoy|hate|trust|care|miss)\b)",
    re.IGNORECASE,
)
ALREADY = re.compile(r"\b(not|never|no|cannot|nothing|nobody)\b|n['’]t\b", re.IGNORECASE)


def negated(text: str) -> str:
    """Return "I am not glad" for "I am glad" and "I do not like it" for "I like it"; the first verb is negated.

    A text that has a negation already stays as it is, since two of them may cancel out.
    """
    if ALREADY.search(text):
        return text
    verb, auxiliary = VERB.search(text), AUXILIARY.search(text)
    if verb is not None and (auxiliary is None or verb.start() < auxiliary.start()):
        return VERB.sub(r"\1 do not ", text, count=1)
    return AUXILIARY.sub(r"\1 not", text, count=1)
