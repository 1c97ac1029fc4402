"""The encoding that a text betrays; the sentences were written for this test."""

import pytest

from seqtag.support.encodings import hint, likely

SENTENCES = [
    ("cp1252", "Der Bürgermeister von Köln sprach über die Größe der schönen Städte."),
    ("cp1252", "L\u2019été dernier, les élèves étaient déjà très fatigués, là-bas dans la forêt."),
    ("cp1252", "El niño comió una manzana. ¿Qué pasó aquí? Mañana iré a España."),
    ("cp1252", "A informação não está disponível; as eleições são amanhã em São Paulo."),
    ("cp1252", "Það er ekki hægt að fara þangað í dag því að veðrið er slæmt."),
    ("cp1252", "The \u201ccafé\u201d on the corner \u2013 it\u2019s closed today\u2026"),
    ("cp1250", "Wczoraj w Łodzi spotkał się z dziećmi, które śpiewały piękną pieśń o żołnierzu."),
    ("cp1250", "Příliš žluťoučký kůň běžel přes město, když sněžilo."),
    ("cp1250", "A magyar költő művei közül ez a legszebb, és az erdőben gyönyörű virágok nőnek."),
    ("cp1254", "Dün akşam güzel bir şarkı söyledi ve yaşlı ağacın altında oturdu."),
    ("cp1251", "Вчера президент посетил Москву, где встретился с учёными."),
    ("koi8-r", "Вчера президент посетил Москву, где встретился с учёными."),
    ("cp1253", "Ο Γιάννης πήγε χθες στην Αθήνα για να δει τους φίλους του."),
    ("cp1255", "אתמול הלכתי לירושלים לפגוש את החברים שלי."),
    ("cp1256", "ذهب الرئيس أمس إلى القاهرة حيث التقى مع الوزراء."),
    ("cp874", "เมื่อวานนี้ฉันไปกรุงเทพกับเพื่อนและกินข้าวที่ร้านอาหาร"),
    ("shift_jis", "昨日は東京に行きました。友達と一緒にラーメンを食べました。"),
    ("eucjp", "昨日は東京に行きました。友達と一緒にラーメンを食べました。"),
    ("euckr", "어제 서울에서 친구를 만나서 영화를 봤습니다. 대통령은 부산에 갔다."),
    ("gb18030", "我们昨天在北京见面\uff0c他说这个问题很重要。"),
    ("big5", "我們昨天在臺北見面\uff0c他說這個問題很重要。"),
    ("utf-16le", "Eva left Köln."),
    ("utf-16be", "Eva left Köln."),
]


@pytest.mark.parametrize(("encoding", "sentence"), SENTENCES)
def test_a_sentence_betrays_its_encoding(encoding: str, sentence: str) -> None:
    assert likely(sentence.encode(encoding)) == encoding
    column = "".join(f"{word}\tO\n" for word in sentence.split(" "))
    assert likely(column.encode(encoding)) == encoding


@pytest.mark.parametrize("content", [b"\xff\xfe\1", b"ab\0\xff", "äöüß".encode() * 2 + b"\xe9"])
def test_what_is_no_text_has_none(content: bytes) -> None:
    assert (likely(content), hint(content, 0)) == ("", "")


def test_the_line_that_is_not_utf8_decides() -> None:
    """It may be the first that is beyond ASCII."""
    before = "".join(f"{word}\n" for word in ("Größe", "Köln") * 20).encode()
    content = before + "Größe\nKöln\n".encode("cp1252")
    assert likely(content) == ""
    assert "--encoding cp1252" in hint(content, len(before) + 2)
