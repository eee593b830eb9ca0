"""Tables of the kinds that users bring, and what must be recognised in each."""

from made_tables import WORDS, chinese, code, count, date, mark, number, one_of, prose, some_of

EMOTIONS = ("joy", "anger", "fear", "sadness", "surprise")
FLAGS = ("joy", "anger", "fear")

CASES = {
    "stars": (
        ("review_id", "review", "stars", "date"),
        {"i": code, "t": prose(), "s": one_of(*"12345"), "d": date},
        ("single", ("review",), ("stars",), "name"),
    ),
    "spam with odd names and empty columns": (
        ("v1", "v2", "Unnamed: 2", "Unnamed: 3"),
        {"a": one_of("ham", "ham", "spam"), "b": prose(), "c": "", "d": ""},
        ("single", ("v2",), ("v1",), "name"),
    ),
    "tweets": (
        ("target", "ids", "date", "flag", "user", "text"),
        {
            "l": one_of("0", "4"),
            "i": count,
            "d": date,
            "f": "NO_QUERY",
            "u": lambda n, _: f"user{n}",
            "t": prose(),
        },
        ("single", ("text",), ("target",), "name"),
    ),
    "tweets without header": (
        6,
        {
            "l": one_of("0", "4"),
            "i": count,
            "d": lambda n, _: f"Mon Apr 06 22:{n % 60:02}:45 PDT 2009",
            "f": "NO_QUERY",
            "u": lambda n, _: f"user{n}",
            "t": prose(),
        },
        ("single", ("6",), ("1",), "name"),
    ),
    "tickets": (
        ("ticket", "subject", "body", "category", "priority"),
        {
            "i": lambda n, _: f"T-{n:05}",
            "s": prose(3, 6),
            "b": prose(20, 60),
            "c": one_of("Billing question", "Technical issue", "Account"),
            "p": one_of("low", "medium", "high"),
        },
        ("single", ("body",), ("category",), "name"),
    ),
    "many intents": (
        ("text", "intent"),
        {"t": prose(3, 9), "l": lambda n, _: f"intent_{n % 150}"},
        ("single", ("text",), ("intent",), "name"),
    ),
    "many numbered intents without header": (
        2,
        {"t": prose(3, 9), "l": lambda n, _: str(n * 7 % 77)},
        ("single", ("1",), ("2",), "name"),
    ),
    "label first without header": (
        2,
        {"l": one_of("World", "Sports", "Business", "Sci/Tech"), "t": prose()},
        ("single", ("2",), ("1",), "name"),
    ),
    "news with title and description": (
        3,
        {"l": one_of("1", "2", "3", "4"), "t": prose(3, 8), "d": prose(20, 40)},
        ("single", ("3",), ("1",), "name"),
    ),
    "labels longer than texts": (
        ("utterance", "meaning"),
        {
            "t": lambda n, _: f"{WORDS[n % 31]} {WORDS[n % 29]} {n % 7}",
            "l": one_of(
                "the customer wants to cancel an order that is on its way already",
                "the customer says hello and wants to be greeted in a friendly way",
                "the customer complains about a bill that is too high for the month",
            ),
        },
        ("single", ("utterance",), ("meaning",), "name"),
    ),
    "Chinese": (
        ("label", "review"),
        {"l": one_of("0", "1"), "t": chinese},
        ("single", ("review",), ("label",), "name"),
    ),
    "Chinese without header": (
        2,
        {"t": chinese, "l": one_of("正面", "负面", "中性")},
        ("single", ("1",), ("2",), "name"),
    ),
    "words": (
        ("name", "language"),
        {
            "t": lambda n, r: "".join(r.choices("abcdefghijklmnopqrst", k=8)).title(),
            "l": one_of("Irish", "Czech", "Greek"),
        },
        ("single", ("name",), ("language",), "name"),
    ),
    "pair by name": (
        ("premise", "hypothesis", "label"),
        {"p": prose(), "h": prose(4, 8), "l": one_of("entailment", "neutral", "contradiction")},
        ("single", ("premise", "hypothesis"), ("label",), "name"),
    ),
    "questions": (
        ("id", "qid1", "qid2", "question1", "question2", "is_duplicate"),
        {
            "i": count,
            "a": count,
            "b": count,
            "q": prose(),
            "r": prose(),
            "l": one_of("0", "1"),
        },
        ("single", ("question1", "question2"), ("is_duplicate",), "name"),
    ),
    "paraphrases": (
        ("Quality", "#1 ID", "#2 ID", "#1 String", "#2 String"),
        {"l": one_of("0", "1"), "a": count, "b": code, "s": prose(), "t": prose()},
        ("single", ("#1 String", "#2 String"), ("Quality",), "name"),
    ),
    "similarity": (
        ("sentence_a", "sentence_b", "score"),
        {"p": prose(), "h": prose(), "l": number(0, 5)},
        ("number", ("sentence_a", "sentence_b"), ("score",), "name"),
    ),
    "0/1 columns": (
        ("id", "text", *FLAGS),
        {"i": code, "t": prose(), "a": mark(0.3), "b": mark(0.1), "c": mark(0.05)},
        ("multi", ("text",), FLAGS, "columns"),
    ),
    "0/1 columns apart from each other": (
        ("joy", "text", "anger", "date", "fear"),
        {"a": mark(0.3), "t": prose(), "b": mark(0.1), "d": date, "c": mark(0.05)},
        ("multi", ("text",), FLAGS, "columns"),
    ),
    "True/False columns": (
        ("text", *FLAGS),
        {
            "t": prose(),
            "a": mark(0.3, "True", "False"),
            "b": mark(0.1, "True", "False"),
            "c": mark(0.05, "True", "False"),
        },
        ("multi", ("text",), FLAGS, "columns"),
    ),
    "yes/no columns": (
        ("text", *FLAGS),
        {
            "t": prose(),
            "a": mark(0.3, "Yes", "No"),
            "b": mark(0.1, "Y", "N"),
            "c": mark(0.2, "yes", "no"),
        },
        ("multi", ("text",), FLAGS, "columns"),
    ),
    "0.0/1.0 columns": (
        ("text", *FLAGS),
        {
            "t": prose(),
            "a": mark(0.3, "1.0", "0.0"),
            "b": mark(0.1, "1.0", "0.0"),
            "c": mark(0.05, "1.0", "0.0"),
        },
        ("multi", ("text",), FLAGS, "columns"),
    ),
    "0/1 columns, one of them always 0": (
        ("text", *FLAGS),
        {"t": prose(), "a": mark(0.3), "b": "0", "c": mark(0.05)},
        ("multi", ("text",), FLAGS, "columns"),
    ),
    "0/1 columns with -1": (
        ("text", *FLAGS),
        {
            "t": prose(),
            "a": one_of("-1", *["0", "1"] * 10),
            "b": one_of("-1", *["0", "1"] * 10),
            "c": one_of("-1", *["0", "1"] * 10),
        },
        ("multi", ("text",), FLAGS, "columns"),
    ),
    "-1, 0, 1 as classes of several columns": (
        ("id", "text", "taste", "service"),
        {"i": code, "t": prose(), "a": one_of("-1", "0", "1"), "b": one_of("-1", "0", "1")},
        ("aspects", ("text",), ("taste", "service"), "classes"),
    ),
    "what is said of each aspect": (
        ("review", "price", "food", "is_verified"),
        {
            "t": prose(),
            "a": one_of("positive", "negative", "not named"),
            "b": one_of("positive", "negative", "mixed", "not named"),
            "v": mark(0.5, "True", "False"),
        },
        ("aspects", ("review",), ("price", "food"), "classes"),
    ),
    "0/1 columns beside a part of the data": (
        ("text", *FLAGS, "dataset", "is_verified"),
        {
            "t": prose(),
            "a": mark(0.3),
            "b": mark(0.1),
            "c": mark(0.05),
            "d": one_of("train", "val"),
            "v": mark(0.5, "True", "False"),
        },
        ("multi", ("text",), FLAGS, "columns"),
    ),
    "label beside a 0/1 column": (
        ("tweet", "sentiment", "retweeted", "is_reply"),
        {"t": prose(), "s": one_of("0", "1"), "r": mark(0.2), "q": mark(0.3)},
        ("single", ("tweet",), ("sentiment",), "name"),
    ),
    "-1, 0, 1 as classes": (
        ("text", "sentiment"),
        {"t": prose(), "s": one_of("-1", "0", "1")},
        ("single", ("text",), ("sentiment",), "name"),
    ),
    "0/1 columns beside 0/1 columns that are no labels": (
        ("id", "text", "is_test", *FLAGS, "example_unclear"),
        {
            "i": code,
            "t": prose(),
            "x": mark(0.1),
            "a": mark(0.3),
            "b": mark(0.1),
            "c": mark(0.05),
            "u": mark(0.03),
        },
        ("multi", ("text",), FLAGS, "columns"),
    ),
    "two columns of labels, one of them gold": (
        ("pairID", "sentence1_parse", "sentence1", "sentence2", "label1", "gold_label"),
        {
            "i": code,
            "p": lambda n, r: f"( ( {prose()(n, r)} ) ( . ) )",
            "s": prose(),
            "h": prose(),
            "l": one_of("entailment", "neutral"),
            "g": one_of("entailment", "neutral"),
        },
        ("single", ("sentence1", "sentence2"), ("gold_label",), "name"),
    ),
    "a target of fine numbers beside a word": (
        ("target", "comment_text", "rating"),
        {"l": number(0, 1, 6), "t": prose(), "r": one_of("approved", "rejected")},
        ("number", ("comment_text",), ("target",), "name"),
    ),
    "records beside text": (
        ("meta", "text", "label"),
        {
            "m": lambda n, r: f'{{"where": "{prose(30, 40)(n, r)}", "n": {n}}}',
            "t": prose(),
            "l": one_of("a", "b"),
        },
        ("single", ("text",), ("label",), "name"),
    ),
    "decimal commas beside labels": (
        ("Kommentar", "Betrag", "Kategorie"),
        {
            "t": prose(),
            "b": lambda _, r: f"{r.uniform(1, 99):.2f}".replace(".", ","),
            "l": one_of("Lob", "Kritik"),
        },
        ("single", ("Kommentar",), ("Kategorie",), "name"),
    ),
    "<a><b>": (
        ("Title", "Body", "Tags"),
        {
            "t": prose(3, 6),
            "b": prose(20, 40),
            "l": some_of(EMOTIONS, lambda names: "".join(f"<{name}>" for name in names)),
        },
        ("multi", ("Body",), ("Tags",), "list"),
    ),
    "a;b": (
        ("text", "tags"),
        {"t": prose(), "l": some_of(EMOTIONS, ";".join)},
        ("multi", ("text",), ("tags",), "list"),
    ),
    "a|b": (
        ("text", "genres"),
        {"t": prose(), "l": some_of(EMOTIONS, "|".join)},
        ("multi", ("text",), ("genres",), "list"),
    ),
    "a, b": (
        ("text", "labels"),
        {"t": prose(), "l": some_of(EMOTIONS, ", ".join)},
        ("multi", ("text",), ("labels",), "list"),
    ),
    "a b": (
        ("text", "labels"),
        {"t": prose(), "l": some_of(EMOTIONS, " ".join)},
        ("multi", ("text",), ("labels",), "list"),
    ),
    "0/1 columns named as labels": (
        ("text", "label_joy", "label_fear"),
        {"t": prose(), "a": mark(0.3), "b": mark(0.1)},
        ("multi", ("text",), ("label_joy", "label_fear"), "columns"),
    ),
    "numbers that are named text": (
        ("text", "label"),
        {"t": number(0, 100), "l": one_of("a", "b")},
        ("single", ("text",), ("label",), "name"),
    ),
    "few texts, many times": (
        ("text", "label"),
        {"t": one_of("good movie", "bad movie"), "l": one_of("1", "0")},
        ("single", ("text",), ("label",), "name"),
    ),
    "few texts, many times, without header": (
        2,
        {"t": one_of("good movie", "bad movie"), "l": one_of("pos", "neg")},
        ("single", ("1",), ("2",), "name"),
    ),
    "JSON lists": (
        ("text", "labels"),
        {"t": prose(), "l": some_of(EMOTIONS, lambda names: str(names).replace("'", '"'))},
        ("multi", ("text",), ("labels",), "list"),
    ),
    "Python lists": (
        ("text", "labels"),
        {"t": prose(), "l": some_of(EMOTIONS, str)},
        ("multi", ("text",), ("labels",), "list"),
    ),
    "numbers in brackets": (
        ("text", "labels", "id"),
        {"t": prose(), "l": some_of("0123456789", lambda n: f"[{', '.join(n)}]"), "i": code},
        ("multi", ("text",), ("labels",), "list"),
    ),
    "a row of 0 and 1": (
        ("text", "labels"),
        {"t": prose(), "l": lambda _, r: str([r.randint(0, 1) for _ in range(6)])},
        ("multi", ("text",), ("labels",), "list"),
    ),
    "names with commas that are no lists": (
        ("text", "category"),
        {"t": prose(), "l": one_of("Clothing, Shoes", "Music", "Home, Garden", "Food")},
        ("single", ("text",), ("category",), "name"),
    ),
    "price, address, mail": (
        ("url", "email", "price", "description", "category"),
        {
            "u": lambda n, _: f"https://shop.example/{n}",
            "e": lambda n, _: f"me{n}@shop.example",
            "p": number(1, 900),
            "t": prose(),
            "l": one_of("book", "toy"),
        },
        ("single", ("description",), ("category",), "name"),
    ),
    "text alone": (
        ("id", "text"),
        {"i": count, "t": prose()},
        ("plain", ("text",), (), "none"),
    ),
    "text and price": (
        ("text", "price"),
        {"t": prose(), "p": number(1, 900)},
        ("plain", ("text",), (), "none"),
    ),
}
