import base64, bisect, collections, copy, dataclasses, datetime, enum, functools, hashlib, heapq, html, itertools
import json, math, operator, os, pathlib, re, statistics, string, textwrap, typing, urllib.parse, contextlib, abc
    v21 = ('raised', type(problem).__name__)
