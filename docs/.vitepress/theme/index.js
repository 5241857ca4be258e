import { withBase } from 'vitepress'
import theme from 'vitepress/theme'
import { h } from 'vue'
import './style.css'

/** The page for an address that does not exist. That of VitePress lacks the element `main`. */
const NotFound = () =>
  h('main', { class: 'home missing vp-doc' }, [
    h('h1', 'There is no such page'),
    h('p', [h('a', { href: withBase('/contents.html') }, 'All pages')]),
  ])

export default {
  ...theme,
  Layout: () => h(theme.Layout, null, { 'not-found': NotFound }),
}
