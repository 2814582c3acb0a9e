#!/bin/sh
# The report in a browser: nothing goes wrong in its console, the timeline has its points, a click on a
# failing expectation shows its requests. Skipped (77) where there is no Chromium.
# usage: report_page_test.sh TOLLGATE SOURCE_DIR
set -eu
tollgate=$1
source=$2
command -v chromium >/dev/null 2>&1 || exit 77

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() {
    echo "$1" >&2
    exit 1
}

# browse URL: one start of the browser. On a machine that is busy beyond measure it may not get ready.
browse() {
    rm -rf "$work/profile"
    timeout 60 chromium --headless --no-sandbox --disable-gpu --disable-quic --no-first-run \
        --disable-background-networking --disable-component-update --disable-sync \
        --user-data-dir="$work/profile" --window-size=1280,1000 --virtual-time-budget=3000 \
        --enable-logging=stderr --dump-dom "$1" >"$work/dom" 2>"$work/log"
}

# open_page FILE[#id]: the page's DOM when its script is through, in $work/dom; what it said on the
# console in $work/console.
open_page() {
    browse "file://$1" || browse "file://$1" ||
        fail "chromium ended with $?: $(tail -5 "$work/log")"
    grep -F 'CONSOLE' "$work/log" >"$work/console" || true
}

# add_script OLD NEW SCRIPT: a copy of a page that also runs a script of the test.
add_script() {
    awk -v script="$3" '
        /<\/body>/ { print "<script>" script "</script>" }
        { print }' "$1" >"$2"
}

cat >"$work/failing.yaml" <<'END'
version: 1
name: failing
teaches: A limit that nobody keeps.
duration: 20s
runtime: { set: { cache_ttl_s: 2, breaker_failures_30s: 5, breaker_min_volume: 5, breaker_cooldown_s: 1 } }
workload: [ { arrival: { constant: 20/s }, keys: { count: 60 } } ]
upstream:
  latency: 40ms
  phases: [ { name: trouble, from: 5s, to: 10s, faults: [ { status: 503, share: 50% } ] } ]
expect:
  - latency: { p90: 10ms }
  - served: { error: 0 }
END
"$tollgate" run -q --world sim --configs "$source/configs" --out "$work/run" "$work/failing.yaml" \
    >/dev/null && fail "the scenario was meant to fail"

# As it is, by a link to the check that failed.
open_page "$work/run/index.html#failing/latency.p90"
[ ! -s "$work/console" ] || fail "the page says: $(cat "$work/console")"
grep -q '<html[^>]* data-ready="true"' "$work/dom" || fail "the page's script did not get through"
grep -q 'class="check fail selected" id="failing/latency.p90"' "$work/dom" ||
    fail "the link does not show its check"
dots=$(grep -o '<path class="dot [a-z]*" d="[^"]*"' "$work/dom" | grep -o 'h0' | wc -l)
[ "$dots" -eq 400 ] || fail "$dots dots of 400 requests"

# By hand: a click on the check, then the keys and the pointer over the timeline.
grep -v 'Content-Security-Policy' "$work/run/index.html" >"$work/open.html"
add_script "$work/open.html" "$work/driven.html" '
    const seen = {};
    const check = document.querySelector(".check.fail");
    check.querySelector("a.name").click();
    setTimeout(() => {
        seen.selected = check.classList.contains("selected");
        seen.rings = document.querySelectorAll("svg.dots .ring.named").length;
        const list = check.querySelector("details.requests");
        seen.open = list.open;
        seen.rows = list.querySelectorAll("tbody tr").length;
        seen.attempts = list.querySelector("tbody tr").cells[5].textContent;
        const svg = document.querySelector("svg.timeline");
        const tip = document.querySelector(".tip");
        seen.role = svg.getAttribute("role") + ", " + svg.getAttribute("aria-roledescription");
        seen.keys = document.getElementById(svg.getAttribute("aria-describedby")).textContent
            .includes("plus and minus zoom");
        svg.focus();
        const key = (name) => svg.dispatchEvent(new KeyboardEvent("keydown", { key: name }));
        key("ArrowRight");
        seen.first = tip.querySelector("b").textContent;
        seen.told = tip.textContent.includes("attempts") && !tip.hidden;
        seen.spoken = document.querySelector(".sr[aria-live]").textContent.startsWith(seen.first);
        key("+");
        const zoom = svg.querySelector("svg.zoom");
        seen.zoomed = zoom.getAttribute("width");
        key("0");
        seen.whole = zoom.getAttribute("width");
        const dot = svg.querySelector(".dot").getAttribute("d").match(/M(\d+) (\d+)/);
        const panel = svg.querySelector("svg.dots");
        const box = svg.getBoundingClientRect();
        svg.dispatchEvent(new PointerEvent("pointermove", {
            clientX: box.left + dot[1] / 10000 * box.width,
            clientY: box.top + +panel.getAttribute("y") + dot[2] / 10 }));
        seen.hover = !tip.hidden && svg.querySelectorAll(".mark").length;
        const head = document.querySelector(".overview thead button.sort");
        head.click();
        seen.sorted = head.parentElement.getAttribute("aria-sort");
        seen.words = { shown: 0, hidden: 0, leaking: 0 };
        document.querySelector("figure").style.width = "360px";
        for (const band of document.querySelectorAll("svg.breaker")) {
            const room = band.querySelector("rect").getBoundingClientRect();
            const word = band.querySelector("span").getBoundingClientRect();
            const shown = word.top < room.bottom - 4;
            seen.words[shown ? "shown" : "hidden"]++;
            if (shown && (word.right > room.right || word.left < room.left)) seen.words.leaking++;
        }
        document.querySelector("button.theme").click();
        seen.theme = document.documentElement.dataset.theme;
        document.body.dataset.seen = JSON.stringify(seen);
    }, 100);
'
open_page "$work/driven.html"
[ ! -s "$work/console" ] || fail "the driven page says: $(cat "$work/console")"
seen=$(grep -o 'data-seen="[^"]*"' "$work/dom" | sed 's/&quot;/"/g') || fail "the driver did not end"
expect() {
    case $seen in
    *"$1"*) ;;
    *) fail "no $1 in $seen" ;;
    esac
}
expect '"selected":true'
expect '"rings":8'
expect '"open":true'
expect '"rows":8'
expect '"attempts":"1. '
# What takes keys is no picture to a screen reader, and says which keys.
expect '"role":"application, timeline"'
expect '"keys":true'
expect '"first":"r000000"'
expect '"told":true'
expect '"spoken":true'
expect '"zoomed":"200%"'
expect '"whole":"100%"'
expect '"hover":1'
expect '"sorted":"ascending"'
expect '"theme":"dark"'
# A word of the breaker stands where it fits, and nowhere else.
expect '"leaking":0'
case $seen in
*'"shown":0'* | *'"hidden":0'*) fail "not both a word that fits and one that does not: $seen" ;;
esac

# Words can be told from their background, in both themes: 4.5:1, large ones 3:1 (WCAG AA).
for theme in light dark; do
    add_script "$work/open.html" "$work/$theme.html" '
        document.documentElement.dataset.theme = "'"$theme"'";
        const numbers = (colour) => colour.match(/[0-9.]+/g).map(Number);
        const luminance = (rgb) => {
            const part = rgb.slice(0, 3).map((c) => c / 255)
                .map((c) => c <= 0.03928 ? c / 12.92 : Math.pow((c + 0.055) / 1.055, 2.4));
            return 0.2126 * part[0] + 0.7152 * part[1] + 0.0722 * part[2];
        };
        const ground = (element) => {
            const band = element.closest(".breaker");
            if (band) return numbers(getComputedStyle(band.querySelector("rect")).fill);
            for (let at = element; at; at = at.parentElement) {
                const colour = numbers(getComputedStyle(at).backgroundColor);
                if (colour.length === 3 || colour[3] === 1) return colour;
            }
        };
        let words = 0;
        const faint = new Set();
        for (const element of document.querySelectorAll("body *")) {
            if (element.closest("script, style, title, desc, .sr, .skip, .icon")) continue;
            if (!Array.from(element.childNodes).some((n) => n.nodeType === 3 && n.data.trim())) continue;
            const style = getComputedStyle(element);
            const ink = numbers(element instanceof SVGElement ? style.fill : style.color);
            const under = ground(element);
            let opacity = ink.length > 3 ? ink[3] : 1;
            for (let at = element; at; at = at.parentElement) opacity *= +getComputedStyle(at).opacity;
            const seen = ink.slice(0, 3).map((c, i) => c * opacity + under[i] * (1 - opacity));
            const pair = [luminance(seen), luminance(under)].sort((a, b) => b - a);
            const contrast = (pair[0] + 0.05) / (pair[1] + 0.05);
            const size = parseFloat(style.fontSize);
            const large = size >= 24 || (size >= 18.66 && +style.fontWeight >= 700);
            words++;
            if (contrast < (large ? 3 : 4.5)) faint.add(element.tagName + "." +
                (element.getAttribute("class") || "") + " " + contrast.toFixed(2));
        }
        document.body.dataset.faint = words + " words, faint: " + Array.from(faint).join("; ") + ".";
    '
    open_page "$work/$theme.html"
    faint=$(grep -o 'data-faint="[^"]*"' "$work/dom") || fail "contrast was not measured: $theme"
    case $faint in
    *' words, faint: ."') ;;
    *) fail "$theme: $faint" ;;
    esac
done

# A stranger's script does not run, and that this test can hear a console.
add_script "$work/run/index.html" "$work/stranger.html" 'document.body.dataset.stranger = "ran";'
open_page "$work/stranger.html"
grep -q 'data-stranger' "$work/dom" && fail "a stranger's script ran"
grep -q 'Content Security Policy' "$work/console" || fail "the console says nothing of the stranger"
echo "console clean, $dots dots, a click shows 8 requests"
