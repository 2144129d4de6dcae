// One leaderboard: a page in Chromium, a mini program and anybody over HTTP read the same numbers.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { visit } from '../browser/chromium.mjs'
import { site } from '../browser/site.mjs'
import { cloudkit, origin, wxOf } from './player.mjs'

const GAMES = [['alice', 310], ['bob', 120], ['云', 480], ['alice', 90], ['bob', 455], ['dave', 0]]
const BOARD = [['云', 480], ['bob', 455], ['alice', 310], ['dave', 0]].map(([name, score]) => ({ name, score }))

const programs = new Map(['alice', 'bob', '云', 'dave'].map((name, at) => [name, wxOf(`o-player${at}`)]))
const play = (name, score) => programs.get(name).cloud.callFunction({ name: 'submit', data: { name, score } })

/** Reads the board in each of the three ways. */
async function boards() {
  const { cloud } = programs.get('alice')
  const { data } = await cloud.database().collection('scores').orderBy('score', 'desc').limit(10).get()
  const { url, told, close } = await site(new URLSearchParams({ sdk: 'js-sdk-3', module: '/stories/board.mjs', redirect: '' }))
  try {
    const page = await visit(url, told)
    if (page.error) throw new Error(page.error)
    return {
      'the page, by query': page.queried,
      'the page, by function': page.called,
      'the mini program, by query': data.map(({ name, score }) => ({ name, score })),
      'the mini program, by function': (await cloud.callFunction({ name: 'leaderboard' })).result,
      'the gateway': await (await fetch(`${origin}/leaderboard`)).json(),
    }
  } finally {
    close()
  }
}

test('one leaderboard is the same for a page, a mini program and the gateway', async (t) => {
  for (const [name, score] of GAMES) await play(name, score)
  for (const [way, board] of Object.entries(await boards())) {
    await t.test(way, () => assert.deepEqual(board, BOARD))
  }
  await play('dave', 1000)
  const first = [{ name: 'dave', score: 1000 }, ...BOARD.slice(0, 3)]
  for (const [way, board] of Object.entries(await boards())) {
    await t.test(`${way}, after the next game`, () => assert.deepEqual(board, first))
  }
})
