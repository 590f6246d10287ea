"""A form for raters as one HTML file: every sheet's curves, its questions, and a place for marked regions."""

from collections.abc import Sequence
from html import escape
from typing import Protocol

import numpy as np

from biox.core.script_hash import script_hash

WIDTH, HEIGHT, EDGE, RIGHT = 300, 170, 38, 22
LEVELS = 6
POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; style-src 'unsafe-inline';"


class _Sheet(Protocol):
    @property
    def code(self) -> str: ...
    @property
    def curve(self) -> np.ndarray: ...
    @property
    def relevance(self) -> np.ndarray: ...


class _Question(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def answers(self) -> tuple[str, ...]: ...


def page(
    sheets: Sequence[_Sheet], questions: Sequence[_Question], channels: tuple[str, ...], unit: str, *, coloured: bool
) -> str:
    """The whole form. ``coloured``: whether the curves show relevance. All text is escaped."""
    curves = np.stack([s.curve for s in sheets]) if sheets else np.zeros((1, len(channels), 2))
    ranges = [(float(curves[:, c].min()), float(curves[:, c].max())) for c in range(len(channels))]
    body = "\n".join(_section(n, s, questions, channels, (ranges, coloured)) for n, s in enumerate(sheets, start=1))
    form = "relevance" if coloured else "plain"
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="{POLICY} script-src {script_hash(SCRIPT)}">
<title>Rating of gait curves</title><style>{STYLE}</style></head><body data-form="{form}">
<h1>Rating of gait curves</h1>
<p>Each sheet shows the mean forces of one person over the stance phase (0-100 %), in {escape(unit)}. Judge each sheet
by itself. Mark the places that matter for your judgement, for example <i>{escape(channels[-1])}</i> 12 to 31 %, in
whole percents.</p>
{LEGEND if coloured else ""}<p><label>Your name or code: <input id="rater" required></label></p>
{body}
<p id="open"></p><p id="message" role="alert"></p><p><button id="save">Save my answers as a file</button></p>
<script>{SCRIPT}</script></body></html>
"""


def _section(
    number: int,
    sheet: _Sheet,
    questions: Sequence[_Question],
    channels: tuple[str, ...],
    look: tuple[list[tuple[float, float]], bool],
) -> str:
    ranges, coloured = look
    size = np.abs(sheet.relevance).max() if coloured else 0.0
    pictures = "".join(
        picture(name, sheet.curve[c], sheet.relevance[c] / size if size > 0 else None, ranges[c])
        for c, name in enumerate(channels)
    )
    asked = "".join(_question(sheet.code, q) for q in questions)
    options = "".join(f"<option>{escape(name)}</option>" for name in channels)
    regions = "".join(
        f'<p class="region"><select><option></option>{options}</select> from <input type="number" min="0" max="100">'
        ' to <input type="number" min="0" max="100"> %</p>'
        for _ in range(4)
    )
    return (
        f'<section data-sheet="{escape(sheet.code)}"><h2>Sheet {number} <small>{escape(sheet.code)}</small></h2>'
        f'<div class="curves">{pictures}</div>{asked}<fieldset><legend>Places that matter</legend>{regions}</fieldset>'
        "</section>"
    )


def _question(code: str, question: _Question) -> str:
    choices = "".join(
        f'<label><input type="radio" name="{escape(code)}-{escape(question.name)}"'
        f' data-question="{escape(question.name)}" value="{escape(answer)}"> {escape(answer)}</label> '
        for answer in question.answers
    )
    return f"<fieldset><legend>{escape(question.text)}</legend>{choices}</fieldset>"


def picture(name: str, curve: np.ndarray, relevance: np.ndarray | None, limits: tuple[float, float]) -> str:
    """One channel as SVG: the curve, coloured where ``relevance`` (-1 to 1, shape (point,)) is given."""
    low, high = limits
    x = EDGE + np.linspace(0, WIDTH - EDGE - RIGHT, len(curve))
    y = HEIGHT - 24 - (curve - low) / max(high - low, 1e-12) * (HEIGHT - 48)
    level = np.zeros(len(curve), int) if relevance is None else np.round(relevance * LEVELS).astype(int)
    lines = "".join(
        f'<polyline points="{" ".join(f"{x[i]:.1f},{y[i]:.1f}" for i in run)}" stroke="{_colour(int(level[run[0]]))}"/>'
        for run in _runs(level)
    )
    zero = HEIGHT - 24 - (0 - low) / max(high - low, 1e-12) * (HEIGHT - 48)
    marks = "".join(
        f'<text x="{x[round(p / 100 * (len(x) - 1))]:.0f}" y="{HEIGHT - 6}" text-anchor="middle">{p}</text>'
        for p in range(0, 101, 20)
    )
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(name)}"><text x="{EDGE}" y="14">'
        f'{escape(name)}</text><line x1="{EDGE}" x2="{WIDTH - RIGHT}" y1="{zero:.1f}" y2="{zero:.1f}" class="zero"/>'
        f'<text x="2" y="28">{high:.2f}</text><text x="2" y="{HEIGHT - 26}">{low:.2f}</text>{marks}'
        f'<g fill="none" stroke-width="3">{lines}</g></svg>'
    )


def _runs(level: np.ndarray) -> list[np.ndarray]:
    """Stretches of one level, each reaching to the first point of the next so that the curve has no gaps."""
    starts = np.flatnonzero(np.diff(level, prepend=level[0] - 1))
    ends = [*starts[1:], len(level) - 1]
    return [np.arange(a, b + 1) for a, b in zip(starts, ends, strict=True)]


def _colour(level: int) -> str:
    """Grey at 0, to orange-red for positive and to blue for negative levels."""
    share = min(abs(level), LEVELS) / LEVELS
    end = (213, 60, 0) if level > 0 else (0, 90, 200)
    return "#" + "".join(f"{round(150 + (c - 150) * share):02x}" for c in end)


# Which group a sheet's colours speak for is not named: it is the person's own one, or the one that the model chose, and
# would answer the first question. So that nobody takes it for one fixed group, the form says that it is left out.
LEGEND = """<p>On each sheet the model was asked about one group. Red: speaks for the group that the model was asked
about; blue: against it; grey: little influence. Which group that was is left out on purpose, since it could give the
person's own group away, and it need not be the same on every sheet.</p>
"""

STYLE = """body{font:16px/1.4 system-ui,sans-serif;max-width:62rem;margin:auto;padding:1rem;background:#fff;color:#111}
.curves{display:grid;grid-template-columns:repeat(auto-fill,minmax(17rem,1fr));gap:.5rem}svg text{font-size:11px}
.zero{stroke:#ccc}section{border-top:2px solid #888;margin-top:2rem;break-inside:avoid}fieldset{margin:.5rem 0}
input[type=number]{width:4rem}.region{display:inline-block;margin:.2rem 1rem .2rem 0}small{color:#666}
.wrong{outline:2px solid #b00}#message{color:#b00;white-space:pre-line}"""

SCRIPT = """const all=(e,s)=>[...e.querySelectorAll(s)],by=i=>document.getElementById(i),sheets=all(document,'section');
const open=()=>sheets.filter(s=>all(s,'fieldset').some(f=>f.querySelector('[type=radio]')&&!f.querySelector(':checked')
)).length,left=()=>open()+' of '+sheets.length+' sheets have questions without an answer.';
// A place as 'channel 12-31', '' where nothing is filled in, null where it cannot be used.
const place=p=>{const n=p.querySelector('select').value,ends=all(p,'input');
if(!n&&ends.every(i=>i.value===''&&!i.validity.badInput))return '';
if(!n||!ends.every(i=>/^\\d+$/.test(i.value)&&+i.value<=100))return null;
return n+' '+ends.map(i=>+i.value).sort((a,b)=>a-b).join('-')};
const count=()=>by('open').textContent=left();document.oninput=count;count();
by('save').onclick=()=>{const r=by('rater').value.trim(),bad=[],rows=[['rater','sheet','question','answer']];
if(!r)bad.push('Please give your name or code at the top.');
sheets.forEach((s,k)=>{const c=s.dataset.sheet;
all(s,'[type=radio]:checked').forEach(i=>rows.push([r,c,i.dataset.question,i.value]));
all(s,'.region').forEach((p,m)=>{const found=place(p);p.classList.toggle('wrong',found===null);
if(found===null)bad.push('Sheet '+(k+1)+', place '+(m+1)+': choose a curve and two whole percents from 0 to 100,'
+' or leave all three empty.');else if(found)rows.push([r,c,'region',found])})});
by('message').textContent=bad.length?'Nothing is saved yet.\\n'+bad.join('\\n'):'';
if(bad.length||open()&&!confirm(left()+' Save nevertheless?'))return;
const text=rows.map(w=>w.map(v=>'"'+v.replaceAll('"','""')+'"').join(',')+'\\n').join(''),a=document.createElement('a');
a.href=URL.createObjectURL(new Blob([text],{type:'text/csv'}));
a.download='ratings-'+document.body.dataset.form+'-'+r.replace(/[^\\p{L}\\p{N}_-]+/gu,'_')+'.csv';a.click()}"""
