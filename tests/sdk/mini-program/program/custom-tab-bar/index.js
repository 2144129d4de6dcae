Component({
  data: { chosen: 0 },
  methods: {
    init() {
      this.setData({ chosen: 1 })
    }
  }
})
