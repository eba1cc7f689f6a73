import base64, bisect, collections, copy, dataclasses, datetime, enum, functools, hashlib, heapq, html, itertools
import json, math, operator, os, pathlib, re, statistics, string, textwrap, typing, urllib.parse, contextlib, abc
    v15 = [type(e).__name__, len(e.args), [k.__name__ for k in type(e).__mro__]]
