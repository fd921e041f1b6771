"""Texts with all that a tokenizer handles: scripts, emoji, links, odd spaces, invisible characters."""

import csv
import random
from pathlib import Path

PROJECT = Path(__file__).parent.parent

PARTS = [
    "😂", "👍🏽", "👩‍👩‍👧‍👦", "🏳️‍🌈", "🇯🇵🇧🇷", "❤️", "❤", "3️⃣", "☕︎", "🤷🏿‍♀️", "🏻", "‍", "🫠",
    "🥹!!", "أنا سعيد جدا", "لَيْسَ", "می‌خواهم", "مرحبا، كيف حالك؟", "١٢٣", "\u202bשלום עולם\u202c",
    "חָבֵר", "嬉しい", "今日はとても悲しい。", "ｶﾞｷﾞ", "カタカナ", "ｆｕｌｌ　ｗｉｄｔｈ",
    "很高兴认识你！", "행복해요", "ㅋㅋㅋㅋ", "슬퍼ㅠㅠ", "मैं खुश हूँ", "क्ष‍ण", "ฉัน​มีความสุข",
    "ខ្ញុំ​សប្បាយ", "မြန်မာ", "தமிழ்", "naïve", "cafe\u0301", "Straße", "İSTANBUL", "ΌΔΟΣ", "счастлив",
    "ﬁne", "ℌ𝔢𝔩𝔩𝔬", "𝓱𝓪𝓹𝓹𝔂", "①②½", "x²", "Ⅷ", "zalgo" + "\u0301\u0316" * 3, "a" + "\u0300" * 300,
    "#SoHappy", "#not_again2day", "#ΧΑΡΑ", "#日本", "@someone", "@ümlaut_9", "me@example.org",
    "https://x.org/a?b=c#d", "www.example.com,", "[NAME]", "[RELIGION]", "<3", "</3", "<333", ":)",
    ":-(((", ";D", "=P", ":'(", "T_T", "^_^", "o_O", "-_-", ">.<", "happy:)", "can't", "I'm", "don’t",
    "they`ll", "rock'n'roll", "'quoted'", "dogs'", "cannot", "WON'T", "sooooo", "yesssss!!!!",
    "nooooo??!?", "wait......", "---", "10:30", "3.50", "1,000", "2nd", "100%", "$5", "a_b_c",
    "snake__case", "soft\u00adhyphen", "zero\u200bwidth", "non\u00a0breaking", "em\u2003space",
    "\u2028", "\ufeffbom", "left\u200eright\u200f", "tab\tand", "\x1cfile", "\x85next", "bell\x07",
    "\u2060", "word\u2060joiner", "´acute", "it´s", "‘single’", "“double”", "C++", "AT&T", "e-mail",
    "</script>", "<b>bold</b>", "&amp;", "{}[]()", "\\n", "|", "~", "™", "…", "—", "«oui»",
    "\U000e0041", "\ud83d", "NOT", "not", "never", "n't", "no", "without", "but", "because",
    "<unknown>", "<pad>", "__proto__", "constructor",
]  # fmt: skip

ODD = ["", " ", "\n\n", "\u200b", "\u2800", "😂", "é", "x" * 400, "!" * 300, "haha " * 300, "今" * 200, "\u0301"]


def emotion_texts() -> list[str]:
    """Return the texts of the small corpus that comes with the project."""
    with (PROJECT / "data" / "emotion" / "test.csv").open(encoding="utf-8", newline="") as stream:
        return [row["text"] for row in csv.DictReader(stream)]


def mixed_texts(number: int, seed: int = 1) -> list[str]:
    """Return distinct texts, the same for the same arguments."""
    generator = random.Random(seed)
    sentences = emotion_texts()
    texts = dict.fromkeys([*ODD, *sentences[: number // 3]])
    while len(texts) < number:
        words = generator.choice(sentences).split()[: generator.randrange(25)]
        for _ in range(generator.randrange(1, 8)):
            words.insert(generator.randrange(len(words) + 1), generator.choice(PARTS))
        texts[generator.choice([" ", " ", " ", "  ", "\n", "", "\u3000"]).join(words)] = None
    return list(texts)[:number]
