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

  // The certificate is valid for one of the names at least, so the first answer is enough.
  function startRound() {
    if (isTrusted) return
    clearTimeout(next)
    round += 1
    var mine = round
    var failures = 0
    function fail() {
      failures += 1
      if (isTrusted || mine !== round || failures < origins.length) return
      show('waiting')
      next = setTimeout(startRound, EVERY_MS)
    }
    origins.forEach(function (origin) { load(origin, mine, trust, fail) })
  }

  function load(origin, mine, succeed, fail) {
    var image = new Image()
    var isOver = false
    function end(then) {
      if (isOver) return
      isOver = true
      clearTimeout(late)
      then(origin)
    }
    var late = setTimeout(function () { end(fail) }, ANSWER_MS_MAX)
    image.onload = function () { end(succeed) }
    image.onerror = function () { end(fail) }
    image.src = origin + '/trust/ok?' + Date.now() + '-' + mine
  }

  function trust(origin) {
    if (isTrusted) return
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
