Component({
  properties: { index: { type: Number, value: 3 } },
  methods: {
    choose() {
      this.triggerEvent('choose', { index: this.properties.index })
    }
  }
})
