// Finds out whether this device trusts the shop: it loads a tiny image over TLS. Written for old browsers.
(function () {
  'use strict'
  var EVERY_MS = 3000
  var ANSWER_MS_MAX = 10000
  var check = document.getElementById('check')
  if (!check) return
  var origins = check.getAttribute('data-origins').split(' ')
  var isTrusted = false
  var round = 0
  var next

  function show(state) {
    var fields = check.querySelectorAll('[data-state]')
    for (var at = 0; at < fields.length; at += 1) fields[at].hidden = fields[at].getAttribute('data-state') !== state
  }

  // Each name is an app of its own to the browser, with its own jobs: go to the first in the list that answers, so a
  // device always gets the same one.
  function startRound() {
    if (isTrusted) return
    clearTimeout(next)
    round += 1
    var mine = round
    var answers = {}
    function note(origin, isReached) {
      if (isTrusted || mine !== round) return
      answers[origin] = isReached
      for (var at = 0; at < origins.length; at += 1) {
        if (answers[origins[at]] === undefined) return
        if (answers[origins[at]]) return trust(origins[at])
      }
      show('waiting')
      next = setTimeout(startRound, EVERY_MS)
    }
    origins.forEach(function (origin) { load(origin, mine, note) })
  }

  function load(origin, mine, note) {
    var image = new Image()
    var isOver = false
    function end(isReached) {
      if (isOver) return
      isOver = true
      clearTimeout(late)
      note(origin, isReached)
    }
    var late = setTimeout(function () { end(false) }, ANSWER_MS_MAX)
    image.onload = function () { end(true) }
    image.onerror = function () { end(false) }
    image.src = origin + '/trust/ok?' + Date.now() + '-' + mine
  }

  function trust(origin) {
    isTrusted = true
    clearTimeout(next)
    check.querySelector('[data-state="trusted"] a').href = origin + '/'
    show('trusted')
    var steps = document.getElementById('steps')
    if (steps) steps.hidden = true
  }

  check.querySelector('button').onclick = startRound
  // A tablet comes back from its settings.
  document.addEventListener('visibilitychange', function () { if (!document.hidden) startRound() })
  startRound()
})()
