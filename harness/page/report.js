/* The report's script. The page is whole without it; it adds the theme's switch, sorting and
 * filtering of the table, hover and zoom of the timelines, and what a link to a check shows. */
(function () {
    'use strict';
    const root = document.documentElement;
    const svgSpace = 'http:' + '//www.w3.org/2000/svg';
    const all = (selector, from) => Array.from((from || document).querySelectorAll(selector));

    function make(tag, attributes, text) {
        const element = document.createElement(tag);
        for (const name in attributes) element.setAttribute(name, attributes[name]);
        if (text !== undefined) element.textContent = text;
        return element;
    }

    function makeSvg(tag, attributes) {
        const element = document.createElementNS(svgSpace, tag);
        for (const name in attributes) element.setAttribute(name, attributes[name]);
        return element;
    }

    const speaker = make('div', { class: 'sr', 'aria-live': 'polite' });
    const keys = make('p', { class: 'sr', id: '~keys' }, 'Left and right go from request to request, ' +
        'up and down change the world, plus and minus zoom, 0 shows all, Escape leaves the request.');
    document.body.append(speaker, keys);

    /* ---- theme ---- */

    function remembered(theme) {
        try {
            if (theme) localStorage.setItem('tollgate-theme', theme);
            return localStorage.getItem('tollgate-theme');
        } catch (error) {
            return null; /* a browser that keeps nothing for files */
        }
    }

    function setUpTheme() {
        const button = make('button', { type: 'button', class: 'theme' });
        const isDark = () => root.dataset.theme
            ? root.dataset.theme === 'dark'
            : matchMedia('(prefers-color-scheme: dark)').matches;
        const label = () => {
            button.textContent = isDark() ? 'Light' : 'Dark';
            button.setAttribute('aria-label', 'Switch to ' + (isDark() ? 'light' : 'dark') + ' colours');
        };
        if (remembered()) root.dataset.theme = remembered();
        button.addEventListener('click', () => {
            root.dataset.theme = isDark() ? 'light' : 'dark';
            remembered(root.dataset.theme);
            label();
        });
        label();
        document.querySelector('header').prepend(button);
    }

    /* ---- the table: sorted by a click on a column's head, filtered by text and verdict ---- */

    function sortValue(body, column, wantsText) {
        const cells = all('tr', body).map((row, at) => {
            const shift = at > 0 ? 1 : 0; /* the second row has no name */
            return row.cells[column - shift];
        });
        if (wantsText) return cells[0].textContent;
        const values = cells.filter((cell) => cell && cell.dataset.v).map((cell) => +cell.dataset.v);
        return Math.max(-1, ...values);
    }

    function sortTable(table, column, heads) {
        const head = heads[column];
        const before = head.getAttribute('aria-sort');
        const bodies = all('tbody', table);
        const wantsText = !bodies.some((body) => body.rows[0].cells[column].dataset.v);
        const first = wantsText ? 'ascending' : 'descending'; /* the largest is what one looks for */
        const second = wantsText ? 'descending' : 'ascending';
        const direction = before === first ? second : first;
        for (const other of heads) other.removeAttribute('aria-sort');
        head.setAttribute('aria-sort', direction);
        const sign = direction === 'ascending' ? 1 : -1;
        const keyed = bodies.map((body) => ({ body, key: sortValue(body, column, wantsText) }));
        keyed.sort((a, b) => sign * (wantsText ? a.key.localeCompare(b.key) : a.key - b.key));
        for (const item of keyed) table.append(item.body);
    }

    function setUpSorting(table) {
        const heads = all('thead th', table);
        heads.forEach((head, column) => {
            const button = make('button', { type: 'button', class: 'sort' });
            button.append(...head.childNodes);
            head.append(button);
            button.addEventListener('click', () => sortTable(table, column, heads));
        });
    }

    function setUpFilter() {
        const region = document.getElementById('~scenarios');
        const bodies = all('tbody', region);
        if (bodies.length < 2) return;
        const bar = make('div', { class: 'filter', role: 'search' });
        const text = make('input', { type: 'search', placeholder: 'Filter by name or story',
            'aria-label': 'Filter scenarios by name or story' });
        const count = make('span', { class: 'facts' });
        const verdicts = Array.from(new Set(bodies.map((body) => body.dataset.status)));
        const choice = make('select', { 'aria-label': 'Verdict' });
        choice.append(make('option', { value: '' }, 'every verdict'));
        for (const verdict of verdicts) choice.append(make('option', { value: verdict }, verdict));
        const apply = () => {
            const wanted = text.value.trim().toLowerCase();
            let shown = 0;
            for (const body of bodies) {
                const fits = body.dataset.text.toLowerCase().includes(wanted) &&
                    (choice.value === '' || choice.value === body.dataset.status);
                body.hidden = !fits;
                shown += fits ? 1 : 0;
                const id = body.querySelector('a').getAttribute('href').slice(1);
                const section = document.getElementById(id);
                if (section) section.hidden = !fits;
            }
            count.textContent = shown + ' of ' + bodies.length;
        };
        text.addEventListener('input', apply);
        choice.addEventListener('change', apply);
        bar.append(text, choice, count);
        region.before(bar);
        apply();
    }

    /* ---- timelines ---- */

    const tip = make('div', { class: 'tip', hidden: '' });
    document.body.append(tip);

    function formatLatency(us) {
        if (us < 0) return 'no answer';
        if (us < 100000) return (us / 1000).toPrecision(3) + ' ms';
        return us < 1000000 ? Math.round(us / 1000) + ' ms' : (us / 1000000).toFixed(2) + ' s';
    }

    function formatMoment(ms, span) {
        const digits = span > 60000 ? 1 : span > 2000 ? 2 : 3;
        return (ms / 1000).toFixed(digits).replace(/\.0+$/, '') + ' s';
    }

    /* One scenario's picture. Its points are read when somebody first looks at it. */
    class Timeline {
        constructor(figure) {
            this.figure = figure;
            this.svg = figure.querySelector('svg.timeline');
            this.from = 0; /* what is shown, as parts of the duration */
            this.to = 1;
            this.point = null;
            /* A picture (role img) until this script makes it one that takes keys. */
            this.svg.setAttribute('tabindex', '0');
            this.svg.setAttribute('role', 'application');
            this.svg.setAttribute('aria-roledescription', 'timeline');
            this.svg.setAttribute('aria-describedby', keys.id);
            this.addButtons();
            this.listen();
        }

        load() {
            if (this.panels) return;
            this.data = JSON.parse(this.figure.querySelector('.dots-data').textContent);
            this.panels = all('svg.dots', this.svg).map((svg, at) => this.readPanel(svg, at));
        }

        readPanel(svg, at) {
            const world = this.data.worlds[at];
            const panel = { svg, name: world.name, y: +svg.getAttribute('y'),
                height: +svg.getAttribute('height'), points: [] };
            for (const path of all('path.dot', svg)) {
                const rows = world.lanes[path.classList[1]] || [];
                let number = 0;
                const places = path.getAttribute('d').matchAll(/M(\d+) (\d+)/g);
                let row = 0;
                for (const place of places) {
                    const [step, us, kind] = rows[row++];
                    number += step;
                    panel.points.push({ panel, x: place[1] / 10000, y: place[2] / 10, number, us,
                        kind: this.data.kinds[kind] });
                }
            }
            panel.points.sort((a, b) => a.x - b.x || a.number - b.number);
            return panel;
        }

        addButtons() {
            const bar = make('div', { class: 'zoom-bar' });
            const add = (label, text, act) => {
                const button = make('button', { type: 'button', 'aria-label': label }, text);
                button.addEventListener('click', act);
                bar.append(button);
            };
            add('Zoom in', '+', () => this.zoom(0.5, this.middle()));
            add('Zoom out', '−', () => this.zoom(2, this.middle()));
            add('Show all of the timeline', 'All', () => this.show(0, 1));
            bar.append(make('span', { class: 'facts' },
                'drag to zoom in; on a focused timeline wheel, + − 0 and arrow keys'));
            this.figure.prepend(bar);
        }

        middle() {
            return this.point ? this.point.x : (this.from + this.to) / 2;
        }

        zoom(factor, around) {
            const span = Math.min(1, Math.max((this.to - this.from) * factor, 0.002));
            const left = (around - this.from) / (this.to - this.from);
            this.show(around - left * span, around - left * span + span);
        }

        show(from, to) {
            const span = Math.min(1, to - from);
            this.from = Math.min(Math.max(0, from), 1 - span);
            this.to = this.from + span;
            for (const part of all('svg.zoom', this.svg)) {
                part.setAttribute('x', (-this.from / span) * 100 + '%');
                part.setAttribute('width', 100 / span + '%');
            }
            this.svg.classList.toggle('zoomed', span < 1);
            this.drawAxis();
            this.place();
        }

        drawAxis() {
            const axis = this.svg.querySelector('.axis');
            const span = this.to - this.from;
            all('.tick', axis).forEach((tick) => tick.remove());
            if (span === 1) return;
            this.load();
            const ms = this.data.duration_ms;
            const text = axis.querySelector('text');
            const line = axis.querySelector('line');
            let step = Math.pow(10, Math.floor(Math.log10(ms * span)));
            for (const part of [5, 2]) if (ms * span / (step / part) <= 10) step /= part;
            for (let at = Math.ceil(ms * this.from / step) * step; at <= ms * this.to; at += step) {
                const x = (at / ms) * 100 + '%';
                const lineCopy = line.cloneNode();
                const textCopy = text.cloneNode();
                lineCopy.classList.add('tick');
                textCopy.classList.add('tick');
                lineCopy.setAttribute('x1', x);
                lineCopy.setAttribute('x2', x);
                textCopy.setAttribute('x', x);
                textCopy.textContent = formatMoment(at, ms * span);
                axis.append(lineCopy, textCopy);
            }
        }

        /* The part of the duration under the pointer. */
        at(event) {
            const box = this.svg.getBoundingClientRect();
            const share = (event.clientX - box.left) / box.width;
            return this.from + Math.min(1, Math.max(0, share)) * (this.to - this.from);
        }

        nearest(event) {
            const box = this.svg.getBoundingClientRect();
            const x = this.at(event);
            const y = event.clientY - box.top;
            let best = null;
            let bestDistance = 14 * 14;
            for (const panel of this.panels) {
                if (y < panel.y - 14 || y > panel.y + panel.height + 14) continue;
                for (const point of panel.points) {
                    const dx = ((point.x - x) / (this.to - this.from)) * box.width;
                    const dy = panel.y + point.y - y;
                    const distance = dx * dx + dy * dy;
                    if (distance < bestDistance) {
                        bestDistance = distance;
                        best = point;
                    }
                }
            }
            return best;
        }

        describe(point) {
            const [served, code, cause, status, path, attempts] = point.kind;
            const due = formatMoment(point.x * this.data.duration_ms, 2001);
            const rows = [['world', point.panel.name], ['due', due],
                ['served', served + (status ? ', status ' + status : '')],
                ['latency', formatLatency(point.us)]];
            if (code) rows.push(['code', code]);
            if (cause && cause !== code) rows.push(['cause', cause]);
            rows.push(['attempts', attempts || 'none'], ['path', path.replace(/, /g, ' → ')]);
            return { id: 'r' + String(point.number).padStart(6, '0'), rows };
        }

        pick(point) {
            if (point === this.point) return;
            this.point = point;
            if (point) {
                const told = this.describe(point);
                const list = make('dl', {});
                for (const [name, value] of told.rows) {
                    list.append(make('dt', {}, name), make('dd', {}, value));
                }
                tip.replaceChildren(make('b', {}, told.id), list);
            }
            this.place();
        }

        place() {
            all('.mark', this.svg).forEach((mark) => mark.remove());
            tip.hidden = !this.point;
            if (!this.point) return;
            const point = this.point;
            const place = 'M' + point.x * 10000 + ' ' + point.y * 10 + 'h0';
            point.panel.svg.append(makeSvg('path', { class: 'mark', d: place }));
            const box = this.svg.getBoundingClientRect();
            const x = box.left + ((point.x - this.from) / (this.to - this.from)) * box.width;
            const y = box.top + point.panel.y + point.y;
            const left = Math.min(Math.max(8, x + 14), innerWidth - tip.offsetWidth - 8);
            const below = y + 16 + tip.offsetHeight < innerHeight;
            tip.style.left = left + 'px';
            tip.style.top = (below ? y + 16 : Math.max(8, y - 16 - tip.offsetHeight)) + 'px';
        }

        say() {
            const told = this.describe(this.point);
            speaker.textContent = told.id + ': ' + told.rows.map((row) => row.join(' ')).join('; ');
        }

        step(by) {
            const panel = this.point ? this.point.panel : this.panels[0];
            const shown = panel.points;
            if (shown.length === 0) return;
            const now = this.point ? shown.indexOf(this.point)
                : shown.findIndex((point) => point.x >= this.from) - by;
            const next = shown[Math.min(Math.max(0, now + by), shown.length - 1)];
            if (next.x < this.from || next.x > this.to) {
                const half = (this.to - this.from) / 2;
                this.show(next.x - half, next.x + half);
            }
            this.pick(next);
            this.say();
        }

        otherWorld() {
            const now = this.point ? this.panels.indexOf(this.point.panel) : 0;
            const panel = this.panels[(now + 1) % this.panels.length];
            const x = this.middle();
            const next = panel.points.find((point) => point.x >= x) || panel.points[0];
            if (!next) return;
            this.pick(next);
            this.say();
        }

        onKey(event) {
            const acts = {
                ArrowRight: () => this.step(1), ArrowLeft: () => this.step(-1),
                ArrowDown: () => this.otherWorld(), ArrowUp: () => this.otherWorld(),
                '+': () => this.zoom(0.5, this.middle()), '=': () => this.zoom(0.5, this.middle()),
                '-': () => this.zoom(2, this.middle()), 0: () => this.show(0, 1),
                Escape: () => { this.pick(null); this.show(0, 1); },
            };
            if (!acts[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
            event.preventDefault();
            acts[event.key]();
        }

        listen() {
            const svg = this.svg;
            let dragFrom = null;
            let band = null;
            const endDrag = (event) => {
                if (dragFrom !== null && band) {
                    const to = this.at(event);
                    this.show(Math.min(dragFrom, to), Math.max(dragFrom, to, dragFrom + 0.002));
                }
                if (band) band.remove();
                dragFrom = band = null;
            };
            svg.addEventListener('pointerdown', (event) => {
                if (event.button === 0 && event.pointerType === 'mouse') dragFrom = this.at(event);
            });
            svg.addEventListener('pointermove', (event) => {
                this.load();
                if (dragFrom === null) {
                    this.pick(this.nearest(event));
                    return;
                }
                const span = this.to - this.from;
                const to = this.at(event);
                const width = Math.abs(to - dragFrom) / span;
                if (!band && width < 0.01) return;
                this.pick(null);
                if (!band) svg.append(band = makeSvg('rect', { class: 'band', height: '100%' }));
                band.setAttribute('x', ((Math.min(dragFrom, to) - this.from) / span) * 100 + '%');
                band.setAttribute('width', width * 100 + '%');
            });
            svg.addEventListener('pointerup', endDrag);
            svg.addEventListener('pointerleave', (event) => {
                endDrag(event);
                if (document.activeElement !== svg) this.pick(null);
            });
            svg.addEventListener('click', (event) => {
                this.load();
                this.pick(this.nearest(event));
            });
            svg.addEventListener('dblclick', () => this.show(0, 1));
            svg.addEventListener('blur', () => this.pick(null));
            svg.addEventListener('focus', () => this.load());
            svg.addEventListener('keydown', (event) => {
                this.load();
                this.onKey(event);
            });
            svg.addEventListener('wheel', (event) => {
                /* Else the page could not be scrolled over its pictures. */
                if (document.activeElement !== svg && !event.ctrlKey) return;
                event.preventDefault();
                if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
                    const shift = (event.deltaX / 1000) * (this.to - this.from);
                    this.show(this.from + shift, this.to + shift);
                } else {
                    this.zoom(Math.exp(event.deltaY / 400), this.at(event));
                }
            }, { passive: false });
        }
    }

    /* ---- checks: a link to one shows its requests in the list and in the picture ---- */

    function panelOf(section, world) {
        const panels = all('svg.dots', section);
        if (panels.length < 2) return panels[0];
        return panels[world === 'real' ? 1 : 0];
    }

    function unselect() {
        for (const one of all('.selected')) one.classList.remove('selected');
        for (const one of all('.named')) one.classList.remove('named');
        for (const one of all('.selecting')) one.classList.remove('selecting');
    }

    function select(check) {
        const section = check.closest('section');
        unselect();
        check.classList.add('selected');
        for (let at = check; at; at = at.parentElement) if (at.tagName === 'DETAILS') at.open = true;
        let named = 0;
        for (const list of all('details.requests', check)) {
            const panel = panelOf(section, list.dataset.world);
            list.open = true;
            if (!panel) continue;
            const rings = all('[data-check="' + list.dataset.check + '"]', panel);
            panel.classList.add('selecting');
            for (const ring of rings) ring.classList.add('named');
            named += all('tbody tr', list).length;
        }
        speaker.textContent = named === 0 ? '' : named + ' requests show it';
    }

    function showLinked() {
        const id = decodeURIComponent(location.hash.slice(1));
        const target = id === '' ? null : document.getElementById(id);
        if (!target) return;
        if (target.hidden) target.hidden = false;
        if (target.classList.contains('check')) select(target);
        else unselect();
        const scroll = () => target.scrollIntoView(
            { block: target.classList.contains('check') ? 'center' : 'start' });
        scroll();
        requestAnimationFrame(scroll); /* what came into view may have another height than thought */
    }

    function setUpChecks() {
        for (const check of all('.check')) {
            check.querySelector('.what').addEventListener('click', (event) => {
                if (event.target.closest('a')) return; /* the hash changes */
                history.replaceState(null, '', '#' + check.id);
                select(check);
            });
        }
        for (const row of all('tr[data-request]')) {
            const list = row.closest('details.requests');
            const glow = (on) => {
                const panel = panelOf(row.closest('section'), list.dataset.world);
                if (!panel) return;
                const wanted = '[data-check="' + list.dataset.check + '"][data-request="' +
                    row.dataset.request + '"]';
                for (const ring of all(wanted, panel)) ring.classList.toggle('glow', on);
            };
            row.addEventListener('pointerenter', () => glow(true));
            row.addEventListener('pointerleave', () => glow(false));
        }
        addEventListener('hashchange', showLinked);
    }

    setUpTheme();
    for (const table of all('table.overview')) setUpSorting(table);
    setUpFilter();
    for (const figure of all('figure')) new Timeline(figure);
    setUpChecks();
    addEventListener('scroll', () => { tip.hidden = true; }, { passive: true });
    root.dataset.ready = 'true';
    showLinked();
}());
