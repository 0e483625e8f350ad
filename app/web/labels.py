"""Labels that Pipit words differently than tinode-webapp 0.25.3, in each of its languages."""

NAMES = (
    "link_privacy_policy",  # leads to the licences, not to another place's privacy policy
    "search_placeholder",  # named mail addresses and telephone numbers, which few have here
    "last_seen_timestamp",  # lacked the time
)

LABELS = {
    "ar": (
        "تراخيص المصادر المفتوحة",
        "اسم الدخول أو الاسم المستعار أو وسم",
        "آخر ظهور: {timestamp}",
    ),
    "de": (
        "Open-Source-Lizenzen",
        "Anmeldename, Alias oder Schlagwort",
        "Zuletzt gesehen: {timestamp}",
    ),
    "en": (
        "Open-source licences",
        "Login, alias or tag",
        "Last seen: {timestamp}",
    ),
    "es": (
        "Licencias de código abierto",
        "Nombre de usuario, alias o etiqueta",
        "Últ. vez: {timestamp}",
    ),
    "fr": (
        "Licences open source",
        "Identifiant, alias ou étiquette",
        "Vu pour la dernière fois : {timestamp}",
    ),
    "it": (
        "Licenze open source",
        "Nome utente, alias o etichetta",
        "Ultimo accesso: {timestamp}",
    ),
    "ko": (
        "오픈소스 라이선스",
        "로그인, 별칭 또는 태그",
        "마지막 접속: {timestamp}",
    ),
    "ro": (
        "Licențe open source",
        "Nume de utilizator, alias sau tag",
        "Văzut ultima dată: {timestamp}",
    ),
    "ru": (
        "Лицензии открытого ПО",
        "Логин, псевдоним или тег",
        "Был активен: {timestamp}",
    ),
    "th": (
        "สัญญาอนุญาตโอเพนซอร์ส",
        "ล็อกอิน นามแฝง หรือแท็ก",
        "ล่าสุดเมื่อ: {timestamp}",
    ),
    "uk": (
        "Ліцензії відкритого ПЗ",
        "Логін, псевдонім або тег",
        "Був активний: {timestamp}",
    ),
    "vi": (
        "Giấy phép nguồn mở",
        "Tên đăng nhập, bí danh hoặc thẻ",
        "Lần cuối hoạt động: {timestamp}",
    ),
    "zh": (
        "开源许可",
        "登录名、别名或标签",
        "最后上线：{timestamp}",
    ),
    "zh-TW": (
        "開放原始碼授權",
        "登入名稱、別名或標籤",
        "最後上線：{timestamp}",
    ),
}
"""By language, in the order of NAMES."""
