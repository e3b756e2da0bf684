"""The page in a real browser: typing, touching, going away, coming back, forgetting."""

from __future__ import annotations

import pytest

from edge_agent.kiosk.actions import Digits, Named
from edge_agent.kiosk.desk import Say, View
from edge_agent.kiosk.screens import Home, RecipientPhone, Thanks
from tests.kiosk.chromium import CHROMIUM
from tests.kiosk.conftest import Panel, open_address
from tests.kiosk.gallery import SAMPLES, code_failed, view_of
from tests.kiosk.running import RunningKiosk

pytestmark = pytest.mark.browser

CODE = "48215539"
BOXES = "[...document.querySelectorAll('lk-digits .box')].map((box) => box.textContent).join('')"
LINE = "document.querySelector('lk-digits .line').textContent"


def test_a_code_costs_its_eight_touches_and_sends_itself(panel: Panel):
    panel.type_code(CODE)

    assert panel.wait_for_actions(1) == ["code"]
    assert panel.kiosk.desk.actions[-1][2] == Digits(CODE)


def test_what_is_typed_can_be_read_before_it_is_sent(panel):
    panel.type_code(CODE[:5])

    assert panel.page.evaluate(BOXES) == CODE[:5]
    assert panel.page.get_attribute("lk-digits", "aria-label") == "5 of 8 digits entered"


def test_a_hardware_keypad_types_the_same(panel):
    for key in (*CODE[:3], "Backspace", *CODE[2:]):
        panel.page.keyboard.press(key)

    panel.wait_for_actions(1)
    assert panel.kiosk.desk.actions[-1][2] == Digits(CODE)


def test_delete_takes_one_digit_and_clear_takes_all(panel):
    panel.type_code("123")
    panel.tap("digit-delete")
    after_delete = panel.page.evaluate(BOXES)
    panel.tap("digit-clear")

    assert (after_delete, panel.page.evaluate(BOXES)) == ("12", "")
    assert panel.actions() == []


def test_a_wrong_code_empties_the_boxes_and_says_what_to_do(panel):
    panel.type_code(CODE)
    panel.wait_for_actions(1)

    panel.show(View(rev=panel.kiosk.next_rev(), lang="en", vm=Home(notice=code_failed("4"))))

    assert panel.page.evaluate(BOXES) == ""
    assert "Tries left: 4" in panel.page.inner_text('[role="alert"]')


def test_a_refresh_of_the_idle_screen_does_not_eat_digits(panel):
    """Somebody empties a compartment by remote unlock while a code is being typed: the free counts change."""
    panel.type_code("482")

    panel.show(View(rev=panel.kiosk.next_rev(), lang="en", vm=Home(free=()), session="s-9"))
    panel.type_code("15539")

    panel.wait_for_actions(1)
    assert panel.kiosk.desk.actions[-1][2] == Digits(CODE)


def test_a_walk_away_leaves_no_digit_behind(panel):
    panel.show(View(rev=panel.kiosk.next_rev(), lang="en", vm=Home(), session="s-1"))
    panel.type_code("482")

    panel.show(View(rev=panel.kiosk.next_rev(), lang="en", vm=Home()))

    assert panel.page.evaluate(BOXES) == ""


def test_a_code_leaves_no_trace_in_address_title_history_storage_or_page(panel):
    before = panel.page.evaluate("[location.href, document.title, history.length].join()")
    panel.type_code(CODE)
    panel.wait_for_actions(1)
    panel.show(View(rev=panel.kiosk.next_rev(), lang="en", vm=Thanks(), session="s-1"))
    panel.sample("home")

    kept = panel.page.evaluate(
        """async () => [localStorage.length, sessionStorage.length, document.cookie,
             (await indexedDB.databases()).length, (await caches.keys()).length].join()"""
    )

    assert kept == "0,0,,0,0"
    assert CODE not in panel.page.content()
    assert panel.page.evaluate("[location.href, document.title, history.length].join()") == before


def test_a_pin_is_masked_except_its_newest_digit_for_a_moment(panel):
    panel.sample("courier-pin")
    panel.tap("digit-7")
    panel.tap("digit-3")
    typing = panel.page.evaluate(LINE)

    panel.page.wait_for_function(f"() => {LINE} === '••'", timeout=3000)
    panel.type_code("19")
    panel.tap("digit-ok")

    assert typing == "•3"
    assert panel.wait_for_actions(1) == ["pin"]
    assert panel.kiosk.desk.actions[-1][2] == Digits("7319")


def test_a_number_that_is_too_short_is_not_sent(panel):
    panel.show(View(rev=panel.kiosk.next_rev(), lang="en", vm=RecipientPhone(tail="4821"), session="s-1"))
    panel.type_code("1234567")

    panel.tap("digit-ok")
    panel.tap("digit-8")
    panel.tap("digit-ok")

    assert panel.wait_for_actions(1) == ["phone"]
    assert panel.kiosk.desk.actions[-1][2] == Digits("12345678")


def test_a_double_tap_is_one_action(panel):
    panel.sample("door-open-take")

    panel.page.evaluate("document.querySelector('[data-action=reopen]').click()")
    panel.page.evaluate("document.querySelector('[data-action=reopen]').click()")
    panel.page.wait_for_timeout(200)

    assert panel.actions() == ["reopen"]


def test_every_button_sends_its_own_action_and_id(panel):
    panel.sample("choose-size")

    panel.tap("size", "L")

    assert panel.wait_for_actions(1) == ["size"]
    assert panel.kiosk.desk.actions[-1][2] == Named("L")


def test_the_language_changes_in_one_touch_and_every_word_with_it(panel):
    panel.tap("language", "zh-Hans")

    assert panel.wait_for_actions(1) == ["language"]
    panel.sample("home", "zh-Hans")
    assert panel.page.inner_text("h1") == "请输入取件码"
    assert panel.page.get_attribute("html", "lang") == "zh-Hans"


def test_more_than_six_exceptions_fold_and_unfold(panel):
    panel.sample("door-open-put")
    folded = panel.page.locator(".offers button").count()

    panel.tap("more-options")

    assert folded == 6
    assert panel.page.locator(".offers button").count() == len(SAMPLES["door-open-put"].offers) + 1
    assert panel.actions() == []


@pytest.mark.parametrize("how", ["touch", "key"])
def test_any_touch_or_key_answers_are_you_still_there(panel, how):
    panel.sample("warn-timeout")

    if how == "touch":
        panel.page.touchscreen.tap(640, 110)
    else:
        panel.page.keyboard.press("5")

    assert panel.wait_for_actions(1) == ["more-time"]


def test_typing_tells_the_agent_that_somebody_is_there(panel):
    panel.page.wait_for_timeout(1000)  # the second of an earlier touch runs out
    panel.type_code("12")
    panel.page.wait_for_timeout(100)

    heard = [name for _, name, _ in panel.kiosk.desk.actions]
    assert heard in (["touch"], ["touch", "touch"]), "at most once a second"


def test_the_keyboard_alone_is_enough(panel):
    """Tab reaches every control in the order of the page, Enter presses it, Escape goes back."""
    panel.sample("door-open-take")
    wanted = panel.page.evaluate(
        "[...document.querySelectorAll('button')].filter((b) => b.checkVisibility({visibilityProperty: true}))"
        ".map((b) => b.dataset.action + (b.dataset.id ?? ''))"
    )
    panel.page.evaluate("document.activeElement.blur()")
    reached = set()
    for _ in range(len(wanted) + 2):
        panel.page.keyboard.press("Tab")
        reached.add(
            panel.page.evaluate(
                "document.activeElement.dataset.action + (document.activeElement.dataset.id ?? '')"
            )
        )

    panel.page.keyboard.press("Escape")

    assert set(wanted) <= reached
    assert panel.wait_for_actions(1) == ["back"]


def test_a_new_screen_is_read_from_its_headline(panel):
    panel.sample("door-open-take")

    assert panel.page.evaluate("document.activeElement.tagName") == "H1"


def test_a_refresh_keeps_the_focus_where_it_was(panel):
    panel.sample("recall-list")
    panel.page.focus('[data-action="pick"][data-id="1"]')
    rev = panel.kiosk.desk.view.rev

    panel.show(view_of("recall-list", "en", rev))
    panel.page.wait_for_timeout(50)

    assert panel.page.evaluate("document.activeElement.dataset.id") == "1"


def test_choices_of_display_end_with_the_session(panel):
    panel.sample("pickup-phone")
    for action in ("display", "display-large", "display-contrast", "display-close"):
        panel.tap(action)
    chosen = panel.page.evaluate("[...document.documentElement.attributes].map((a) => a.name).join()")

    panel.sample("home")
    left = panel.page.evaluate("[...document.documentElement.attributes].map((a) => a.name).join()")

    assert "data-large" in chosen
    assert "data-contrast" in chosen
    assert "data-large" not in left
    assert "data-contrast" not in left


def test_speech_is_fetched_only_by_those_who_want_it(panel):
    asked = []
    panel.page.on("request", lambda request: asked.append(request.url) if "/speech/" in request.url else None)
    spoken = {"lang": "en", "vm": SAMPLES["door-open-take"], "session": "s-1", "speak": Say("thanks")}

    panel.show(View(rev=panel.kiosk.next_rev(), **spoken))
    panel.page.wait_for_timeout(100)
    without = list(asked)
    for action in ("display", "display-speech", "display-close"):
        panel.tap(action)
    with panel.page.expect_response(lambda response: "/speech/" in response.url) as answer:
        panel.kiosk.show(View(rev=panel.kiosk.next_rev(), **spoken))

    assert without == []
    assert panel.page.inner_text("#said") == "Thank you. Goodbye."
    assert answer.value.headers["content-type"] == "audio/wav"


def test_the_page_asks_nobody_but_the_agent(panel):
    asked = []
    panel.page.on("request", lambda request: asked.append(request.url))

    open_address(panel)

    assert len(asked) > 10
    assert all(url.startswith(panel.kiosk.origin) for url in asked)


# Chromium's remark on our sandbox; the page is no frame, and the sandbox is there for windows, downloads and questions.
SANDBOX_REMARK = "allow-scripts and allow-same-origin for its sandbox attribute"


def test_nothing_of_the_page_is_refused_by_its_own_policy(panel):
    complaints = []
    panel.page.on("console", lambda message: complaints.append(message.text))
    panel.page.on("pageerror", lambda error: complaints.append(str(error)))

    open_address(panel)
    for name in SAMPLES:
        panel.sample(name)

    assert [one for one in complaints if SANDBOX_REMARK not in one] == []


def test_long_press_drag_and_pinch_lead_nowhere(panel):
    panel.sample("door-open-take")

    menu = panel.page.evaluate(
        "!document.querySelector('h1').dispatchEvent(new Event('contextmenu', {bubbles: true, cancelable: true}))"
    )
    panel.page.mouse.move(100, 300)
    panel.page.mouse.down()
    panel.page.mouse.move(500, 500)
    panel.page.mouse.up()

    assert menu
    assert panel.page.evaluate("getSelection().toString()") == ""
    assert panel.page.evaluate("getComputedStyle(document.body).touchAction") == "pan-y"


def test_people_who_ask_for_less_motion_get_none(panel):
    panel.page.emulate_media(reduced_motion="reduce")
    panel.sample("please-wait")
    moving = panel.page.evaluate("document.getAnimations().length")
    panel.page.emulate_media(reduced_motion="no-preference")

    assert moving == 0


def test_rain_on_the_panel_holds_the_screen(panel):
    panel.sample("door-open-take")
    panel.kiosk.desk.actions.clear()

    panel.page.evaluate(
        "for (let n = 0; n < 60; n += 1) document.body.dispatchEvent(new PointerEvent('pointerdown', {bubbles: true}))"
    )
    panel.page.wait_for_function(
        "() => document.querySelector('h1').textContent === 'Too many touches at once'", timeout=3000
    )

    assert panel.kiosk.desk.happened.count("tap_storm") == 1
    assert panel.page.locator(".work").count() == 0
    panel.page.wait_for_function(
        "() => document.querySelector('h1').textContent === 'Door open'", timeout=6000
    )


def test_the_second_window_says_so_and_takes_over(panel):
    second = CHROMIUM.browser().new_page(viewport={"width": 1280, "height": 800})
    second.goto(panel.kiosk.address)
    second.wait_for_selector('body[data-screen="message"]', timeout=5000)
    told = second.inner_text("h1")

    panel.page.goto("about:blank")
    second.wait_for_selector('body[data-screen="home"]', timeout=8000)
    second.close()
    open_address(panel)

    assert told == "畫面已在別處開啟"


def test_without_the_token_the_page_waits_and_opens_no_socket(panel):
    opened = []
    stranger = CHROMIUM.browser().new_page()
    stranger.on("websocket", lambda socket: opened.append(socket.url))

    stranger.goto(panel.kiosk.origin)
    stranger.wait_for_function("() => document.querySelector('h1').textContent === '請稍候'")

    assert stranger.get_attribute("body", "data-screen") == "please-wait"
    assert stranger.get_attribute("body", "data-session") == ""
    assert opened == []
    stranger.close()


@pytest.fixture
def kiosk_that_dies(tmp_path):
    """A kiosk of its own, because it is stopped and started again on the same address."""
    kiosk = RunningKiosk(5.88, tmp_path)
    kiosk.__enter__()
    yield kiosk
    kiosk.__exit__()


def test_a_dead_agent_is_said_and_a_living_one_found_again(panel, kiosk_that_dies):
    """2 s: one moment. 20 s: out of order, call. Back again: the present screen, without a touch."""
    page = CHROMIUM.browser().new_page(viewport={"width": 1280, "height": 800})
    page.clock.install()
    page.goto(kiosk_that_dies.address)
    page.wait_for_selector('body[data-screen="home"]')
    title = "document.querySelector('h1').textContent"

    kiosk_that_dies.__exit__()
    page.clock.run_for(1500)
    at_once = page.evaluate(title)
    page.clock.run_for(1000)
    soon = page.evaluate(title), page.get_attribute("body", "data-screen")
    page.clock.run_for(18_000)
    later = page.evaluate(title), page.inner_text(".text")
    kiosk_that_dies.again()
    for _ in range(50):
        page.clock.run_for(500)
        page.wait_for_timeout(20)
        if page.get_attribute("body", "data-screen") == "home":
            break
    back = page.evaluate(title)
    page.close()

    assert at_once == "請輸入取件碼"
    assert soon == ("請稍候", "please-wait")
    assert later[0] == "暫停服務"
    assert "+852 3000 1234" in later[1]
    assert back == "請輸入取件碼"


@pytest.mark.soak
def test_the_page_loads_itself_anew_after_two_hundred_visits(panel):
    """Never in the middle of one: the reload waits for the idle screen."""
    open_address(panel)
    loads = []
    panel.page.on("load", lambda: loads.append(1))

    for _ in range(199):
        panel.sample("thanks")
        panel.sample("home")
    before = len(loads)
    panel.sample("thanks")
    with panel.page.expect_event("load", timeout=10_000):
        panel.kiosk.show(view_of("home", "en", panel.kiosk.next_rev()))

    assert before == 0
