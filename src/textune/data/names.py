"""A column's name becomes evidence of what the column is for."""

import re
from collections.abc import Mapping, Sequence

Columns = str | int | Sequence[str | int]
"""Names of columns as somebody gives them: "a,b", or one by one; their places without names."""
LABEL_WORDS: Mapping[float, str] = {
    6: "gold",
    5: "label labels class target targets y annotation etiket s\u0131n\u0131f etykieta rótulo"
    " nhãn برچسب التصنيف تصنيف 레이블 라벨",
    4.4: "sentiment intent emotion emotions polarity stance sentimiento sentimento polaridad"
    " polaridade duygu sentimen stimmung المشاعر 감정 情感",  # a category may be of the thing
    4: "category categories cats tags majority consensus genre genres department queue relation"
    " mood etiqueta etichetta étiquette kategorie kategori kategoria tür abteilung catégorie"
    " الفئة 분류"
    " klasse categoría categoria 标签 类别 分类 метка категория класс ラベル",
    3.5: "topic topics",  # by which texts were found, beside a sentiment
    3: "stars star rating ratings score grade outcome verdict priority severity type similarity"
    " relatedness entailment classes bewertung sterne priorität calificación puntuación nota puan",
    2: "section tag group spam toxic toxicity hate offensive humor sarcasm judgment judgement"
    " dialect sarcastic ironic humorous acceptable acceptability grammatical clickbait"
    " misogynous aggressive abusive racist sexist subtask complexity readability"
    " difficulty intensity quality",
    1: "overall",
}
TEXT_WORDS: Mapping[float, str] = {
    3: "text texts",
    2.5: "comment comments review reviews sentence tweet message msg sms content body utterance"
    " document post posts input passage abstract 文本 内容 评论 句子 текст texte texto testo"
    " tekst teks metin cümle yorum yorumlar mesaj ulasan kalimat komentar oración frase comentario"
    " comentário komentarz відгук отзыв النص نص تعليق متن 문장 리뷰 kommentar"
    " nachricht rezension satz commentaire avis reseña 本文",
    2: "paragraph statement claim description transcript article beschreibung"
    " descripción descrição",
    1.5: "question query prompt headline premise hypothesis news",
    0.5: "title subject summary",
}
OTHER_WORDS = (
    "id ids idx index uuid guid hash key date time timestamp created updated user username author"
    " name email url urls link links file filename path source src split dataset fold set partition"
    " subset locale country city location region timezone platform device confidence count"
    " likes retweets votes upvotes price cost amount age year month day version annotator rater"
    " worker page number num nr order length len verified retweeted favorited truncated lat lon"
    " phone zip unnamed kfold probability prob weight unclear test train dev variance std stddev"
    " deviation stderr ups downs corpus pred preds predicted prediction predictions hashtags"
    " mentions retweet replies favorites favourites emojis"
    " tahmin prédiction predicción predição"
)
SENDERS = frozenset(
    [
        "from",
        "by",
        "sender",
        "receiver",
        "recipient",
        "nickname",
        "nick",
        "assignee",
        "reporter",
        "requester",
        "submitter",
    ]
)
"""Names, of one word, of columns that say who wrote or received a message."""
APART = frozenset(
    [
        "dev",
        "fold",
        "kfold",
        "partition",
        "split",
        "subset",
        "test",
        "train",
        "unclear",
        "unsure",
        "valid",
    ]
)
"""Names of 0/1 columns that describe the row and never its text."""
CODES = frozenset(["id", "ids", "idx", "index"])
PARTS_OF_SETS = frozenset(["dev", "test", "train"])
"""Words that say nothing for or against a text: `test_case`, `train_text`."""
PEOPLE = frozenset(["annotator", "coder", "expert", "judge", "labeler", "labeller", "rater"])
PEOPLE |= {"worker"}
"""Words of those who gave the labels."""
DERIVED = frozenset(
    [
        *("parse", "parsed", "tokenized", "tokenised", "tokens", "lemmas", "lemmatized", "stemmed"),
        *("html", "raw", "clean", "cleaned", "binary", "processed", "preprocessed", "normalized"),
        *("normalised", "original", "templ", "template", "toks"),
    ]
)
"""Names of columns that hold another column's text, made over or as it was before."""
ABOUT = frozenset(["city", "country", "lang", "language", "locale", "region"])
"""Names of columns that say something of a text in a word, and are never the text."""
OF_JUDGES = frozenset(["agreement", "alpha", "certainty", "kappa", "reliability", "trust"])
"""Names of columns whose numbers say how sure the people were who gave the labels."""
OF_READERS = frozenset(
    [
        *("claps", "followers", "following", "impressions", "karma", "reactions", "reposts"),
        *("reshares", "shares", "subscribers", "views"),
    ]
)
"""Names of columns whose numbers count what others did with a message."""
BY_READERS = OF_READERS | {"downvotes", "favorites", "favourites", "likes", "retweets", "upvotes"}
BY_READERS |= {"bookmarks", "clicks", "comments", "downloads", "installs", "plays", "purchases"}
BY_READERS |= {"replies", "visits", "votes"}
"""Names of columns that say what others did with a message, if only that somebody did."""
_COUNTS, _NUMBER_OF = frozenset(["count", "counts"]), re.compile(r"counts?|n|num(?:bers?)?")
COUNTED = (
    *("created_utc", "kids", "link_id", "num_comments", "parent_id", "permalink", "subreddit"),
    *("answercount", "commentcount", "lastactivitydate", "owneruserid", "posttypeid", "viewcount"),
)
"""Names of columns of a forum, where the score of a message counts its votes."""
POSTED = (
    *("conversation_id", "created_at", "favorite_count", "id_str", "in_reply_to_user_id"),
    *("like_count", "public_metrics", "quote_count", "reply_count", "retweet_count"),
)
"""Names of columns of short messages as they were posted, which say their language themselves."""
ORIGINS = frozenset(["corpus", "domain", "genre", "section", "source", "topic"])
"""Names of columns that say where a pair of texts was found, more often than what it is."""
OF_WORKERS = frozenset(["assignment", "status"])
"""Words of a name that says what became of a worker's answer: `AssignmentStatus`."""
PLAIN = 3.0  # weight of a word from which it is one of labels
NUMBERED = re.compile(r"[\s_-][A-Za-z]?\d{1,2}$")
NUMBERED_BEFORE = re.compile(r"^[A-Za-z]?\d{1,2}[\s_-]")
PARTS = re.compile(  # beyond Latin-1 large letters of Latin count as small ones
    r"[A-Z]?[a-zß-öø-ÿ\u0100-\u024f\u1e00-\u1eff]+"
    r"|[A-Z]+(?![a-zß-öø-ÿ\u0100-\u024f\u1e00-\u1eff])|\d+|[^\W\d_]+"
)


def parted(columns: Columns | None) -> tuple[str, ...] | None:
    """Part "a,b" into names; None stays None.

    Example:
        >>> parted("title, body")
        ('title', 'body')
    """
    if columns is None:
        return None
    if isinstance(columns, int):  # without a header the columns are 1, 2, …
        return (str(columns),)
    if isinstance(columns, str):
        return tuple(name.strip() for name in columns.split(",") if name.strip())
    return tuple(str(name) if isinstance(name, int) else name for name in columns)


def parts(name: str) -> list[str]:
    """Take a column's name apart: "reviewText", "review_text" and "Review text" are the same."""
    return [part.lower() for part in PARTS.findall(name)]


def columns_meant(given: Sequence[str], columns: Sequence[str]) -> tuple[str, ...]:
    """Put names together that were parted at their own commas.

    Args:
        given: As they were typed, parted at every comma; space around them is lost.
        columns: All there are; the longest name that fits is the one that is meant.

    Returns:
        Names of columns; what names none stays as it was given.

    Example:
        >>> columns_meant(("title", "Text", "body"), ("title", "Text, body", "Text"))
        ('title', 'Text, body')
    """
    if not any("," in column for column in columns):
        return tuple(given)
    known = {_at_commas(column): column for column in reversed(columns)}
    found, start = [], 0
    while start < len(given):
        ends = range(len(given), start, -1)
        runs = ((end, _at_commas(",".join(given[start:end]))) for end in ends)
        end, name = next(
            ((end, known[run]) for end, run in runs if run in known), (start + 1, given[start])
        )
        found.append(given[start] if end == start + 1 and given[start] in columns else name)
        start = end
    return tuple(found)


def label_evidence(name: str) -> float:
    """Weigh how much a name says "these are labels": 5 or 6 surely, 0 nothing, below 0 no."""
    return _evidence(name, LABEL_WEIGHTS)


def text_evidence(name: str) -> float:
    """Weigh how much a name says "this is the text": 3 surely, 0 nothing, below 0 surely not."""
    found = parts(name)
    kept = [part for part in found if part not in PARTS_OF_SETS]
    return _evidence(" ".join(kept) if len(found) > 1 and kept != found else name, TEXT_WEIGHTS)


def is_apart(name: str) -> bool:
    """Tell whether a name says that a 0/1 column is no label: `is_test`, `prompt_id`."""
    found = parts(name)
    return bool(APART & set(found)) or (bool(found) and found[-1] in CODES)


def is_derived(name: str) -> bool:
    """Tell whether a name says that a column was made of another: `text_clean`, `Resume_html`."""
    found = parts(name)
    return len(found) > 1 and bool(DERIVED & set(found))


def is_of_readers(name: str) -> bool:
    """Tell whether a name says what others did with a text: `likes`, `num_votes`."""
    return bool(BY_READERS.intersection(parts(name)[-1:])) or _is_count(name)


def is_no_label(name: str) -> bool:
    """Tell whether a name says that numbers are ids, of judges or readers, or count something.

    Example:
        >>> [is_no_label(name) for name in ("annId", "views", "reply_count", "n_words", "label_n")]
        [True, True, True, True, False]
    """
    is_other = (OF_JUDGES | CODES | OF_READERS).intersection(parts(name)[-1:])
    return (bool(is_other) or _is_count(name)) and label_evidence(name) <= 0


def _is_count(name: str) -> bool:
    """Tell whether a name says that numbers count something; classes may be numbered, too."""
    found = parts(name)
    is_said = bool(_COUNTS.intersection(found[-1:]) or any(map(_NUMBER_OF.fullmatch, found[:1])))
    is_alone = len(found) == 1 and found[0] not in _COUNTS
    return is_said and not is_alone and all(LABEL_WEIGHTS.get(part, 0) < PLAIN for part in found)


def are_of_people(columns: Sequence[str]) -> bool:
    """Tell columns of what several people said: `annotator1`, `Hateful (Expert 2)`."""
    return all(PEOPLE.intersection(parts(name)) for name in columns)


def are_numbered(columns: Sequence[str]) -> bool:
    """Tell columns of one name with a number, or a letter and a number, behind: `hate_G1`."""
    bare = [NUMBERED.sub("", name) for name in columns]
    return (
        len({*columns}) == len(columns) > 1
        and len({*bare}) == 1
        and bare[0] not in ("", columns[0])
    )


def numbered(columns: Sequence[str]) -> dict[str, list[str]]:
    """Find columns of one name with a number behind or before it, among others: by that name.

    Example:
        >>> numbered(["hate_1", "hate_2", "irony_1", "irony_2", "threat"])
        {'hate': ['hate_1', 'hate_2'], 'irony': ['irony_1', 'irony_2']}
    """
    found: dict[str, list[str]] = {}
    for name in columns:
        bare = NUMBERED.sub("", name)
        bare = bare if bare != name else NUMBERED_BEFORE.sub("", name)
        if bare not in ("", name):
            found.setdefault(bare, []).append(name)
    return {bare: alike for bare, alike in found.items() if len(alike) > 1}


def are_said_of_posts(columns: Sequence[str]) -> list[str]:
    """Name the columns in which a platform says something of messages that it hands out.

    Example:
        >>> are_said_of_posts(["body", "score", "permalink", "created_utc"])
        ['score']
    """
    found = {part for name in columns for part in name.lower().split(".")}
    said = {"score": COUNTED, "lang": POSTED, "language": POSTED}
    return [
        name
        for name in columns
        if len(found.intersection(said.get(name.lower().rpartition(".")[2], ()))) > 1
    ]


def is_type(name: str) -> bool:
    """Tell whether a name says what kind of record a row is, where all rows are of one."""
    return parts(name)[-1:] == ["type"]


def is_origin(name: str) -> bool:
    """Tell whether a name says where texts come from: `genre`, `domain`."""
    return bool(ORIGINS & set(parts(name)))


def _at_commas(name: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in name.split(",") if part.strip())


def _evidence(name: str, words: Mapping[str, float]) -> float:
    found = parts(name)
    *_, last = name.rsplit(".", 1)
    if last.startswith("_") and not (len(found) == 1 and words.get(found[0])):  # of a platform
        return -4
    if "." in name and parts(last) and not OTHERS.intersection(parts(last)):
        found = parts(last)  # of nested keys the last says what stands there: meta.label
    if len(found) == 1:
        return words.get(found[0], -3 if found[0] in OTHERS | SENDERS else 0)
    known = max((words.get(part, 0) for part in found), default=0)
    if set(found) >= OF_WORKERS:
        return -3
    if OTHERS.intersection(found):
        is_code = known >= 4 and found[-1] in ("id", "ids", "idx", "index", "name")
        return known - 2 if is_code else -3
    return max(0, known - 1)


def _weights(words: Mapping[float, str]) -> dict[str, float]:
    return {word: weight for weight, group in words.items() for word in group.split()}


LABEL_WEIGHTS = _weights(LABEL_WORDS)
TEXT_WEIGHTS = _weights(TEXT_WORDS)
OTHERS = frozenset(OTHER_WORDS.split())
