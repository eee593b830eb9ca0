"""What countries are called: the codes of ISO 3166, and their names in English."""

_CODES = """
    ad ae af ag ai al am ao aq ar as at au aw ax az ba bb bd be bf bg bh bi bj bl bm bn bo bq br
    bs bt bv bw by bz ca cc cd cf cg ch ci ck cl cm cn co cr cu cv cw cx cy cz de dj dk dm do dz ec
    ee eg eh er es et fi fj fk fm fo fr ga gb gd ge gf gg gh gi gl gm gn gp gq gr gs gt gu gw gy hk
    hm hn hr ht hu id ie il im in io iq ir is it je jm jo jp ke kg kh ki km kn kp kr kw ky kz la lb
    lc li lk lr ls lt lu lv ly ma mc md me mf mg mh mk ml mm mn mo mp mq mr ms mt mu mv mw mx my mz
    na nc ne nf ng ni nl no np nr nu nz om pa pe pf pg ph pk pl pm pn pr ps pt pw py qa re ro rs ru
    rw sa sb sc sd se sg sh si sj sk sl sm sn so sr ss st sv sx sy sz tc td tf tg th tj tk tl tm tn
    to tr tt tv tw tz ua ug uk um us uy uz va vc ve vg vi vn vu wf ws ye yt za zm zw
    """  # of ISO 3166, and what is written for gb
_NAMES = """
    afghanistan; albania; algeria; andorra; angola; argentina; armenia; australia; austria;
    azerbaijan; bahamas; bahrain; bangladesh; barbados; belarus; belgium; belize; benin; bhutan;
    bolivia; bosnia and herzegovina; botswana; brazil; brunei; bulgaria; burkina faso; burma;
    burundi; cambodia; cameroon; canada; cape verde; chad; chile; china; colombia; congo; costa
    rica; croatia; cuba; cyprus; czech republic; czechia; denmark; djibouti; dominican republic;
    ecuador; egypt; el salvador; england; eritrea; estonia; eswatini; ethiopia; fiji; finland;
    france; gabon; gambia; georgia; germany; ghana; great britain; greece; guatemala; guinea;
    guyana; haiti; honduras; hong kong; hungary; iceland; india; indonesia; iran; iraq; ireland;
    israel; italy; ivory coast; jamaica; japan; jordan; kazakhstan; kenya; kosovo; kuwait;
    kyrgyzstan; laos; latvia; lebanon; lesotho; liberia; libya; liechtenstein; lithuania;
    luxembourg; macedonia; madagascar; malawi; malaysia; maldives; mali; malta; mauritania;
    mauritius; mexico; moldova; monaco; mongolia; montenegro; morocco; mozambique; myanmar;
    namibia; nepal; netherlands; new zealand; nicaragua; niger; nigeria; north korea; north
    macedonia; northern ireland; norway; oman; pakistan; palestine; panama; papua new guinea;
    paraguay; peru; philippines; poland; portugal; puerto rico; qatar; romania; russia; russian
    federation; rwanda; saudi arabia; scotland; senegal; serbia; sierra leone; singapore;
    slovakia; slovenia; somalia; south africa; south korea; south sudan; spain; sri lanka;
    sudan; suriname; sweden; switzerland; syria; taiwan; tajikistan; tanzania; thailand; the
    netherlands; togo; trinidad and tobago; tunisia; turkey; turkiye; turkmenistan; uae; uganda;
    uk; ukraine; united arab emirates; united kingdom; united states; united states of america;
    uruguay; us; usa; uzbekistan; vatican city; venezuela; vietnam; wales; yemen; zambia;
    zimbabwe
    """
COUNTRIES = frozenset([*_CODES.split(), *" ".join(_NAMES.split()).split("; ")])
